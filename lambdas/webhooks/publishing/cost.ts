import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { RequestCost } from '../../shared/http/serve';

/** Of a plan whose burst is 20, a request of 500 takes all. */
const EVENTS_FOR_ONE = 25;
/** Shorter than a request with so many events can be. */
const FEW_BYTES = EVENTS_FOR_ONE * 20;

/** What a request that publishes costs of its caller's limits: 1 for each 25 events, and at least 1. */
export function publishingCost({ body, isBase64Encoded }: APIGatewayProxyEvent): Promise<RequestCost> {
  const isShort = (body ?? '').length < FEW_BYTES;
  const events = isShort ? 1 : countOf(isBase64Encoded ? Buffer.from(body ?? '', 'base64').toString() : (body ?? ''));
  return Promise.resolve({ spent: Math.max(1, Math.ceil(events / EVENTS_FOR_ONE)) });
}

/** What is no JSON is refused when it is parsed for good. */
function countOf(text: string): number {
  try {
    const { events } = Object(JSON.parse(text));
    return Array.isArray(events) ? events.length : 1;
  } catch {
    return 1;
  }
}
