import { createHash } from 'node:crypto';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { SubgraphSettings } from '../shared/graph/subgraph-settings';
import { header } from '../shared/http/request';
import { isUuid } from '../shared/uuid';

type Headers = Readonly<Record<string, string>>;

const PRINCIPAL_HEADER = 'x-gatehouse-principal';

interface Asker {
  readonly event: APIGatewayProxyEvent;
  readonly requestId: string;
  /** A token that says to this subgraph who asks. */
  tokenFor(subgraph: string): Promise<string>;
}

/**
 * What goes along to subgraphs of a request: its trace, of the caller's own headers those that a subgraph has asked for,
 * and who asks, where it wants to know. Said once a request, and looked at once a subgraph.
 */
export function alongFrom({ event, requestId, tokenFor }: Asker) {
  let trace: Headers | undefined;
  const signed = async (subgraph: string, headers: Headers): Promise<Headers> => ({
    ...headers,
    [PRINCIPAL_HEADER]: await tokenFor(subgraph),
  });
  // No promise for what nearly all subgraphs ask for.
  return (subgraph: string, { forwardHeaders, principal }: SubgraphSettings): Headers | Promise<Headers> => {
    trace ??= traceOf(event, requestId);
    if (!forwardHeaders && !principal) return trace;
    const headers = { ...named(event, forwardHeaders ?? []), ...trace };
    return principal ? signed(subgraph, headers) : headers;
  };
}

/** What node:http takes as a value; anything else would look like a failure of the subgraph. */
const SENDABLE = /^[\t\x20-\x7e]{0,4096}$/;

function named(event: APIGatewayProxyEvent, names: readonly string[]): Headers {
  const found = names.map((name) => [name, header(event, name)] as const);
  return Object.fromEntries(
    found.filter((pair): pair is [string, string] => pair[1] !== undefined && SENDABLE.test(pair[1])),
  );
}

/** W3C Trace Context, version 00: ids of zeros are none (sections 3.2.2.3 and 3.2.2.4). */
const TRACE_PARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** Section 3.3.1.5 asks for at least 512 characters to be handed on. */
const TRACE_STATE = /^[\x20-\x7e]{1,512}$/;

/**
 * The caller's trace, which goes through unchanged, else one that is made of the request: whoever has the request id finds
 * it. That one is sampled, as a service would that begins a trace itself.
 */
function traceOf(event: APIGatewayProxyEvent, requestId: string): Headers {
  const traceparent = header(event, 'traceparent');
  if (traceparent === undefined || !TRACE_PARENT.test(traceparent)) return { traceparent: newTrace(requestId) };
  const tracestate = header(event, 'tracestate');
  return { traceparent, ...(tracestate !== undefined && TRACE_STATE.test(tracestate) && { tracestate }) };
}

const withoutDashes = (id: string) =>
  id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24);

/**
 * A request id that is a UUID, as API Gateway's is, is the trace's id as it stands; of another one its hash is. The version
 * of a UUID is no zero, so that neither half of it is only zeros.
 */
function newTrace(requestId: string): string {
  const hash = () => createHash('sha256').update(requestId).digest('hex').slice(0, 32);
  const id = isUuid(requestId) ? withoutDashes(requestId) : hash();
  return `00-${id}-${id.slice(0, 16)}-01`;
}
