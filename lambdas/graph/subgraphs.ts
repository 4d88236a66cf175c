import * as z from 'zod/mini';
import type { SubgraphSettings } from '../shared/graph/subgraph-settings';
import type { Send } from '../shared/http/send';
import { once } from '../shared/once';
import { logger } from '../shared/telemetry';
import type { Ask, GraphError, SubgraphAnswer } from './execute/run';
import { isObject } from './execute/run';
import { SubgraphAway } from './subgraph-breaker';

/** Of an error only this leaves the house: not its stack trace, not what else a subgraph put into its extensions. */
const subgraphErrors = once(() =>
  z.array(
    z.object({
      message: z.string(),
      path: z.optional(z.nullable(z.array(z.union([z.string(), z.number()])))),
      extensions: z.optional(z.nullable(z.object({ code: z.optional(z.string()) }))),
    }),
  ),
);

/** The code of the error in place of what a subgraph did not answer. */
const UNAVAILABLE = 'SUBGRAPH_UNAVAILABLE';
const UNEXPECTED = 'INTERNAL_SERVER_ERROR';

type Fields = Readonly<Record<string, string>>;

/** What a request to subgraphs says of the request that it is part of. */
export interface Origin {
  readonly requestId: string;
  /** Whether asking twice does no harm: a query, never a mutation. */
  readonly repeatable: boolean;
  /** Headers for a subgraph that is asked like this. */
  headers?(subgraph: string, settings: SubgraphSettings): Fields | Promise<Fields>;
}

/** Where the subgraphs are, and how they are asked. */
interface Targets {
  readonly urls: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, SubgraphSettings>>;
}

const AS_EVERYWHERE: SubgraphSettings = {};

/**
 * Asks these subgraphs. The failure of one costs the caller its own fields: they are null, and an error
 * names the subgraph and nothing else. The cause is logged.
 */
export const subgraphs =
  ({ urls, settings: all = {} }: Targets, send: Send) =>
  ({ requestId, repeatable, headers }: Origin): Ask =>
  async (subgraph, body, entities) => {
    try {
      const url = urls[subgraph];
      if (url === undefined) throw new Error('it has no address');
      const settings = all[subgraph] ?? AS_EVERYWHERE;
      const { timeoutMs, maxAnswerBytes } = settings;
      const found = headers?.(subgraph, settings);
      const along = found instanceof Promise ? await found : found;
      const message = { subgraph, url, body, requestId, repeatable, timeoutMs, maxAnswerBytes, headers: along };
      const answer = answerOf(subgraph, await send(message));
      if (entities !== undefined && isIncomplete(answer, entities))
        throw new Error('it did not answer for each entity');
      return answer;
    } catch (error) {
      // What is not even asked was told when its breaker opened: an outage must not fill the log.
      if (!(error instanceof SubgraphAway)) {
        const reason = error instanceof Error ? error : new Error(String(error));
        logger.error('subgraph', { requestId, subgraph, error: reason });
      }
      return { errors: [unavailable(subgraph)], isAway: true };
    }
  };

/** Parsed by hand, as it may be large: that `data` is what the schema says is looked at when it is written. */
function answerOf(subgraph: string, answer: unknown): SubgraphAnswer {
  if (!isObject(answer)) throw new Error('its answer is no GraphQL answer');
  const { data = null, errors } = answer;
  if (data !== null && !isObject(data)) throw new Error('its data is no object');
  if (errors === undefined || errors === null) return { data };
  return {
    data,
    errors: subgraphErrors()
      .parse(errors)
      .map((error) => told(subgraph, error)),
  };
}

const isIncomplete = ({ data }: SubgraphAnswer, entities: number): boolean =>
  !!data && !(Array.isArray(data._entities) && data._entities.length === entities);

/** A refusal that the subgraph meant for the caller keeps its words; a fault of the subgraph does not. */
function told(
  subgraph: string,
  { message, path, extensions }: z.output<ReturnType<typeof subgraphErrors>>[number],
): GraphError {
  const code = extensions?.code ?? UNEXPECTED;
  const own = code !== UNEXPECTED;
  return {
    ...(own ? { message, extensions: { code } } : unavailable(subgraph)),
    ...(path && { path }),
  };
}

const unavailable = (subgraph: string): GraphError => ({
  message: `The subgraph ${subgraph} could not answer.`,
  extensions: { code: UNAVAILABLE },
});
