import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import * as z from 'zod/mini';

const Started = z.object({ issuer: z.string() });
const State = z.object({ asked: z.int(), discovered: z.int(), kids: z.array(z.string()) });
const Token = z.object({ access_token: z.string() });

type Mode = 'up' | 'down' | 'slow' | 'nonsense' | 'failing' | 'redirecting' | 'endless' | 'weak';

/** What a token is to say beside or in place of what the provider says; null takes away. */
interface Shape {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly payload?: Readonly<Record<string, unknown>>;
}

/** A real provider (npm `oidc-provider`) in a process of its own. Its issuer ends with `suffix`. */
export async function startOidc(suffix = '') {
  const child = fork(join(__dirname, 'oidc-provider.mjs'), [suffix], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  const { issuer } = Started.parse((await once(child, 'message'))[0]);
  const tell = async (message: object) => {
    child.send(message);
    return State.parse((await once(child, 'message'))[0]);
  };
  return {
    issuer,
    state: () => tell({}),
    become: (mode: Mode) => tell({ mode }),
    rotate: () => tell({ rotate: true }),
    async token(shape: Shape = {}): Promise<string> {
      const response = await fetch(new URL('/token', issuer), {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from('test:test-secret').toString('base64')}`,
          'x-shape': JSON.stringify(shape),
        },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      });
      return Token.parse(await response.json()).access_token;
    },
    async stop() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
export type TestOidc = Awaited<ReturnType<typeof startOidc>>;
