import { createServer, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql } from 'graphql';
import * as z from 'zod/mini';
import { RESOLVERS } from './data';
import { SUBGRAPHS, type SubgraphName, schemaOf } from './shop';

/*
 * The four subgraphs, in one process of their own. An answer is computed once for each text that is asked, and sent from
 * memory after that: what is measured shall be the gateways.
 */

const calls = new Map<SubgraphName, number>();
const Asked = z.object({ query: z.string(), variables: z.optional(z.nullable(z.record(z.string(), z.unknown()))) });

function answersOf(name: SubgraphName): (body: string) => Promise<string> {
  const { roots, entities } = RESOLVERS[name];
  const resolvers = Object.entries(entities).map(([type, of]) => [type, { __resolveReference: of }] as const);
  const schema = buildSubgraphSchema({ typeDefs: schemaOf(name), resolvers: Object.fromEntries(resolvers) });
  const known = new Map<string, string>();
  return async (body) => {
    const found = known.get(body);
    if (found !== undefined) return found;
    const { query: source, variables = null } = Asked.parse(JSON.parse(body));
    const answer = JSON.stringify(await graphql({ schema, source, variableValues: variables, rootValue: roots }));
    known.set(body, answer);
    return answer;
  };
}

function listener(name: SubgraphName): RequestListener {
  const answer = answersOf(name);
  return (request, response) => {
    calls.set(name, (calls.get(name) ?? 0) + 1);
    const send = (status: number, body: string) =>
      response
        .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
        .end(body);
    text(request)
      .then(answer)
      .then(
        (body) => send(200, body),
        (error: unknown) => send(500, String(error)),
      );
  };
}

async function listen(name: SubgraphName): Promise<[SubgraphName, string]> {
  const server = createServer({ keepAliveTimeout: 600_000 }, listener(name));
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const address = server.address();
  return [name, `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`];
}

/** The addresses once, then for each message the calls since the last. */
process.on('message', () => {
  process.send?.(Object.fromEntries(calls));
  calls.clear();
});
process.on('disconnect', () => process.exit(0));
void Promise.all(SUBGRAPHS.map(listen)).then((urls) => process.send?.(Object.fromEntries(urls)));
