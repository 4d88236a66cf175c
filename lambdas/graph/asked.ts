import type { APIGatewayProxyEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { DEFAULT_MAX_BYTES } from '../shared/http/request';
import { fromJson } from '../shared/json';
import type { Asked } from './cost';

/** For a member that does not matter enough to refuse the rest for it. */
const { catch: otherwise } = z;

const Variables = otherwise(z.record(z.string(), z.unknown()), {});
const Name = otherwise(z.optional(z.string()), undefined);
const Body = z.object({ query: z.string(), variables: Variables, operationName: Name });
const JsonBody = z.pipe(fromJson, Body);
const JsonVariables = otherwise(z.pipe(fromJson, Variables), {});
const Query = z.object({ query: z.string(), variables: JsonVariables, operationName: Name });

/** What a request would run: in its body, or its query. Nothing where that is not to be seen. */
export function askedOf(event: APIGatewayProxyEvent): Asked | undefined {
  const { httpMethod, body, isBase64Encoded, queryStringParameters } = event;
  // Refused later: it shall not be parsed for that first, by a caller who may be over every limit.
  if (body && Buffer.byteLength(body, isBase64Encoded ? 'base64' : 'utf8') > DEFAULT_MAX_BYTES) return undefined;
  const text = isBase64Encoded ? Buffer.from(body ?? '', 'base64').toString('utf8') : body;
  const found = httpMethod === 'POST' ? JsonBody.safeParse(text).data : Query.safeParse(queryStringParameters).data;
  return found && { operationName: undefined, ...found };
}
