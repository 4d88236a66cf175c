import { randomUUID } from 'node:crypto';
import { deliver, type Queued } from '../../lambdas/webhooks/delivering/deliver';
import type { Passage } from '../../lambdas/webhooks/delivering/gatekeeper';
import type { Delivering } from '../../lambdas/webhooks/delivering/make-attempts';
import type { PostRequest } from '../../lambdas/webhooks/post/poster';
import type { EndpointRecord } from '../../lambdas/webhooks/records/endpoint';
import { eventId, hashOf } from '../../lambdas/webhooks/records/event';
import { type AttemptMessage, messageText } from '../../lambdas/webhooks/records/message';
import { newSigningKeys } from '../../lambdas/webhooks/signing/secrets';
import { signer } from '../../lambdas/webhooks/signing/sign';
import { type Log, logIn } from '../../lambdas/webhooks/stores/log';
import type { Outgoing, SendAll } from '../../lambdas/webhooks/stores/queue';
import { tableOf } from '../../lambdas/webhooks/stores/table';
import { endpointRecord } from './webhook-records';
import { LOG_TABLE } from './webhooks';

export const NOW_MS = Date.parse('2030-01-01T00:00:00Z');

interface Options extends Partial<EndpointRecord> {
  readonly status?: number;
  readonly passage?: Passage;
  readonly log?: (log: Log) => Log;
}

const queued = (all: readonly AttemptMessage[], receives = 1): Queued[] =>
  all.map((each) => ({ id: randomUUID(), body: messageText(each), receives }));

/** One endpoint that takes batches and answers with one status, and what delivers to it: its log is real. */
export function webhookWorker({
  status = 200,
  passage = { go: 'now' },
  log: wrap = (log) => log,
  ...fields
}: Options = {}) {
  const endpoint = endpointRecord({ batch: { most: 100 }, ...fields });
  const known = { endpoint, signer: signer(newSigningKeys()), authentication: { kind: 'none' as const }, headers: {} };
  const posts: PostRequest[] = [];
  const sent: Record<'deliveries' | 'retries' | 'bulk', Outgoing[]> = { deliveries: [], retries: [], bulk: [] };
  const lane =
    (name: keyof typeof sent): SendAll =>
    async (messages) => {
      sent[name].push(...messages);
      return [];
    };
  let asked = 0;
  let noted = 0;
  const log = logIn(tableOf(LOG_TABLE));
  const deps: Delivering = {
    log: wrap(log),
    lanes: { deliveries: lane('deliveries'), retries: lane('retries'), bulk: lane('bulk') },
    endpointOf: async () => known,
    gatekeeper: {
      async ask() {
        asked += 1;
        return passage;
      },
      async note() {
        noted += 1;
      },
    },
    async post(request) {
      posts.push(request);
      return { status, bodyBytes: 0, isBodyLonger: false, isRepeated: false, times: { totalMs: 1 } };
    },
    policy: { http: true, privateTargets: true, ports: 'any' },
    tellExhausted: async () => undefined,
    nowMs: () => NOW_MS,
    random: () => 0.5,
  };
  const { organisation } = endpoint;
  const message = (size = 10, more: Partial<AttemptMessage> = {}): AttemptMessage => {
    const event = eventId(NOW_MS, hashOf(organisation, undefined));
    const body = JSON.stringify({ id: event, type: 'a.b', data: 'x'.repeat(size) });
    return {
      organisation,
      endpoint: endpoint.id,
      event,
      number: 1,
      trigger: 'event',
      type: 'a.b',
      body,
      expiresAtSeconds: NOW_MS / 1000 + 86_400,
      ...more,
    };
  };
  return {
    log,
    endpoint,
    posts,
    sent,
    counts: () => ({ asked, noted }),
    messages: (count: number, size?: number) => Array.from({ length: count }, () => message(size)),
    message,
    queued,
    deliver: (those: readonly Queued[]) => deliver(deps, those),
    run: (all: readonly AttemptMessage[]) => deliver(deps, queued(all)),
    stateOf: async ({ event }: AttemptMessage) => log.delivery(organisation, endpoint.id, event),
  };
}
