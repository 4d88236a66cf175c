import { type Message, Refused, type Send } from '../shared/http/send';

/** A subgraph that is known not to answer was not asked. */
export class SubgraphAway extends Error {
  override name = 'SubgraphAway';
}

/** `away` is told when it is found out, and again by each probe that finds it so still. */
export type SubgraphNews = { readonly state: 'away'; readonly cause: unknown } | { readonly state: 'back' };

interface BreakerOptions {
  /** A monotonic clock in milliseconds. */
  nowMs(): number;
  tell(subgraph: string, news: SubgraphNews): void;
}

/** One failure may be the fault of what was asked, such as a query that takes too long. */
const FAILURES_TO_OPEN = 3;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Stops asking subgraphs that do not answer: what they would cost each caller is their timeout. After some failures in a
 * row, messages to that subgraph are rejected at once. After a pause, the next one is sent, alone: it closes the breaker,
 * or doubles the pause. (A probe beside a request would be frozen with its environment, and be late for that alone.)
 */
export function withBreakers(send: Send, { nowMs, tell }: BreakerOptions): Send {
  const breakers = new Map<string, Breaker>();
  return (message) => {
    const { subgraph, url } = message;
    let breaker = breakers.get(subgraph);
    // Published at another address, it is given another chance.
    if (breaker?.url !== url) {
      breaker = openBreaker(url, nowMs, (news) => tell(subgraph, news));
      breakers.set(subgraph, breaker);
    }
    return breaker.run(send, message);
  };
}

interface Breaker {
  readonly url: string;
  run(send: Send, message: Message): Promise<unknown>;
}

function openBreaker(url: string, nowMs: () => number, tell: (news: SubgraphNews) => void): Breaker {
  let failures = 0;
  /** 0 while it is closed. */
  let pauseMs = 0;
  let probeAtMs = 0;
  let isProbing = false;

  const answered = () => {
    failures = 0;
    if (pauseMs === 0) return;
    pauseMs = 0;
    tell({ state: 'back' });
  };
  const failed = (cause: unknown, isProbe: boolean) => {
    failures += 1;
    // What was sent before it opened, and fails after that, is no news.
    if (pauseMs > 0 ? !isProbe : failures < FAILURES_TO_OPEN) return;
    pauseMs = pauseMs === 0 ? FIRST_PAUSE_MS : Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    probeAtMs = nowMs() + pauseMs;
    tell({ state: 'away', cause });
  };
  return {
    url,
    async run(send, message) {
      const isProbe = pauseMs > 0;
      if (isProbe && (isProbing || nowMs() < probeAtMs)) throw new SubgraphAway('it is known to be away');
      if (isProbe) isProbing = true;
      try {
        const answer = await send(message);
        answered();
        return answer;
      } catch (error) {
        if (error instanceof Refused) answered();
        else failed(error, isProbe);
        throw error;
      } finally {
        if (isProbe) isProbing = false;
      }
    },
  };
}
