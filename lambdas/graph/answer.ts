import type { APIGatewayProxyEvent } from 'aws-lambda';
import { refuse } from '../shared/errors';
import { header } from '../shared/http/request';
import type { RawAnswer } from '../shared/http/route';
import type { RequestError } from './request-error';

/** GraphQL over HTTP, section 6.1. */
const GRAPHQL = 'application/graphql-response+json';
const JSON_TYPE = 'application/json';
export type MediaType = typeof GRAPHQL | typeof JSON_TYPE;

/** By how much a type is wanted; a client that names neither gets the older one (section 6.2). Refuses what wants another. */
export function mediaTypeOf(event: APIGatewayProxyEvent): MediaType {
  const accept = header(event, 'accept');
  if (accept === undefined || accept.trim() === '') return JSON_TYPE;
  const ranges = accept.toLowerCase().split(',').map(range);
  const weight = (type: MediaType) => {
    const names = [type, 'application/*', '*/*'];
    const found = names.map((name) => ranges.find((each) => each.name === name)).find((each) => each !== undefined);
    return found?.weight ?? 0;
  };
  const [newer, older] = [weight(GRAPHQL), weight(JSON_TYPE)];
  if (newer <= 0 && older <= 0) refuse('not_acceptable', `answers are ${GRAPHQL} or ${JSON_TYPE}`);
  // Where both are alike, as with */*, only a client that names the newer one is known to understand it.
  const isNamed = ranges.some(({ name }) => name === GRAPHQL);
  return newer > older || (newer === older && isNamed) ? GRAPHQL : JSON_TYPE;
}

function range(text: string): { readonly name: string; readonly weight: number } {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim());
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  return { name, weight: q === undefined ? 1 : Number(q.slice(2)) || 0 };
}

const headersOf = (mediaType: MediaType) => ({
  'content-type': `${mediaType}; charset=utf-8`,
  'cache-control': 'no-store',
  vary: 'accept',
});

/** A response: the text of one with data, or why there is none. */
export type Response = string | RequestError;

/**
 * A response with data is a success whatever errors stand beside it. For one without, the newer media type has a status,
 * and the older one says 200 (sections 6.4.1 and 6.4.2).
 */
export const answerOf = (response: Response, mediaType: MediaType): RawAnswer => ({
  status: typeof response === 'string' || (response.kind === 'other' && mediaType !== GRAPHQL) ? 200 : 400,
  headers: headersOf(mediaType),
  body: textOf(response),
});

/** Of a list of operations a list of responses, in its order. They have one status, which is none of theirs. */
export const answerOfAll = (responses: readonly Response[], mediaType: MediaType): RawAnswer => ({
  status: 200,
  headers: headersOf(mediaType),
  body: `[${responses.map(textOf).join(',')}]`,
});

const textOf = (response: Response): string =>
  typeof response === 'string' ? response : JSON.stringify({ errors: response.errors });
