import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'undici';
import * as z from 'zod/mini';
import { ownHeaders } from '../../lambdas/webhooks/post/headers';
import { openPoster } from '../../lambdas/webhooks/post/poster';
import { newSigningKeys } from '../../lambdas/webhooks/signing/secrets';
import { type SignatureStyle, signer } from '../../lambdas/webhooks/signing/sign';
import { compare, count, median, row, say } from '../measure';

/** A payload as tenants send them. */
const BODY = JSON.stringify({ type: 'invoice.paid', data: { id: 'in_1', lines: 'x'.repeat(900) } });
const AT_ONCE = 32;
const POSTS = 4000;
const ROUNDS = 9;
const POLICY = { http: true, privateTargets: true, ports: 'any' } as const;

const signing = signer(newSigningKeys());
const signed = (style: SignatureStyle, asymmetric: boolean) => {
  const nowMs = Date.now();
  const timestampSeconds = Math.floor(nowMs / 1000);
  return signing.headersOf({ messageId: 'evt_1', timestampSeconds, body: BODY, nowMs, style, asymmetric }).headers;
};

type PostOne = () => Promise<unknown>;

/** User and system time of this process by POST, in microseconds; the receiver is another process. */
async function cpuOf(post: PostOne, times: number): Promise<number> {
  const began = process.cpuUsage();
  let left = times;
  const lane = async () => {
    while ((left -= 1) >= 0) await post();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const { user, system } = process.cpuUsage(began);
  return (user + system) / times;
}

function contendersFor(url: string) {
  const agent = new Agent({ connections: AT_ONCE, pipelining: 1 });
  const poster = openPoster();
  const ours = (headers: () => Readonly<Record<string, string>>) => async () => {
    const outcome = await poster.post({ url, headers: headers(), more: ownHeaders({}), body: BODY, policy: POLICY });
    if (outcome.status !== 200) throw new Error(outcome.error?.detail ?? `answered ${outcome.status}`);
  };
  const headers = { 'content-type': 'application/json' };
  const bare = async () => {
    const { body } = await request(url, { method: 'POST', headers, body: BODY, dispatcher: agent });
    await body.dump();
  };
  return {
    contenders: [
      { name: 'undici: request, body thrown away', post: bare },
      { name: 'Gatehouse: guarded, measured, not signed', post: ours(() => ({})) },
      { name: 'Gatehouse: the same, signed by v1', post: ours(() => signed('standard', false)), goal: 1.5 },
      { name: 'Gatehouse: the same, signed by v1 and v1a', post: ours(() => signed('standard', true)) },
    ],
    close() {
      poster.close();
      return agent.close();
    },
  };
}

/** What one POST costs beside a bare loop to the same receiver, and what a signature does. */
export async function posts(): Promise<void> {
  const sink = fork('bench/webhooks/sink.mjs', { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [port] = z.tuple([z.int(), z.unknown()]).parse(await once(sink, 'message'));
  const { contenders, close } = contendersFor(`http://127.0.0.1:${port}/hook`);
  try {
    const costs = contenders.map((): number[] => []);
    // In turns, so that what else the machine does hits all alike. The first round is for the compiler.
    for (let round = -1; round < ROUNDS; round += 1)
      for (const [index, { post }] of contenders.entries()) {
        const cost = await cpuOf(post, POSTS);
        if (round >= 0) costs[index]?.push(cost);
      }
    const medians = costs.map(median);
    say(`CPU by POST of ${count(BODY.length)} bytes over kept connections, ${AT_ONCE} at once`);
    for (const [index, { name, goal }] of contenders.entries()) {
      const cost = medians[index] ?? 0;
      row(name, `${cost.toFixed(1)} us`, cost / (medians[0] ?? 1), goal);
    }
    say();
  } finally {
    await close();
    sink.disconnect();
  }
  await compare('Signatures', [
    { name: 'v1', work: () => signed('standard', false) },
    { name: "v1 and Stripe's", work: () => signed('stripe', false) },
    { name: "v1 and GitHub's", work: () => signed('github', false) },
    { name: 'v1 and v1a', work: () => signed('standard', true) },
  ]);
}
