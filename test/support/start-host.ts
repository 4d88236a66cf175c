import build from './build';
import { type LocalHost, startLocalHost } from './local-host';

declare global {
  // oxlint-disable-next-line no-var -- only `var` declares a member of globalThis
  var gatehouse: LocalHost | undefined;
}

/** One host for all end-to-end tests that do not need one of their own; `shared` (platform.ts) tells tests where it is. */
export default async function startHost(): Promise<void> {
  build();
  const host = await startLocalHost();
  globalThis.gatehouse = host;
  process.env.GATEHOUSE_URL = host.url;
  process.env.GATEHOUSE_DATA = host.data;
  process.env.GATEHOUSE_PASSWORD = host.password;
  process.env.GATEHOUSE_API_KEY = host.apiKey;
  process.env.GATEHOUSE_COMMANDS = (/Try it:\n((?: {2}\S.*\n){3})/.exec(host.output())?.[1] ?? '').trimEnd();
}
