import * as z from 'zod/mini';
import { MOST_ANSWER_BYTES, type SubgraphSettings } from '../shared/graph/subgraph-settings';

/*
 * What is never sent along, whoever allows it: credentials of the caller with the gateway, what belongs to one connection
 * (RFC 9110 section 7.6.1) or to the body, and what the gateway says itself.
 */
const OURS = new RegExp(
  `^(${[
    'authorization|cookie|set-cookie|x-api-key|proxy-.*',
    'host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|http2-settings',
    'accept|accept-encoding|content-.*',
    'forwarded|via|x-forwarded-.*|x-real-ip|x-amz.*|x-gatehouse-.*',
    'x-request-id|traceparent|tracestate',
  ].join('|')})$`,
  'i',
);

/** Without an underscore, which some servers take for a hyphen: `x_forwarded_for` would pass for one of ours. */
const HeaderName = z.string().check(
  z.regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/),
  z.refine((name) => !OURS.test(name), 'is never sent along'),
);

/** The optional members of a publication. */
export const settingFields = {
  /** How long an answer may take, whole. @default 10000 */
  timeoutMs: z.optional(z.int().check(z.gte(100), z.lte(25_000))),
  /** @default 16777216 */
  maxAnswerBytes: z.optional(z.int().check(z.gte(1_024), z.lte(MOST_ANSWER_BYTES))),
  /** Headers of the caller that are sent along. */
  forwardHeaders: z.optional(z.array(HeaderName).check(z.maxLength(20))),
  /** Whether `x-gatehouse-principal` is sent: a signed token that says who asks. @default false */
  principal: z.optional(z.boolean()),
};

/** What is meant by a publication: said in another order or spelling, it is the same. */
export function settingsOf(said: SubgraphSettings): SubgraphSettings {
  const { timeoutMs, maxAnswerBytes, forwardHeaders = [], principal } = said;
  const names = new Set(forwardHeaders.map((name) => name.toLowerCase()));
  return {
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(maxAnswerBytes !== undefined && { maxAnswerBytes }),
    ...(names.size > 0 && { forwardHeaders: [...names].toSorted() }),
    ...(principal && { principal }),
  };
}
