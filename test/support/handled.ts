import * as z from 'zod/mini';
import type { Handler } from '../../lambdas/shared/http/serve';
import { context, event } from './event';

const Body = z.looseObject({
  type: z.optional(z.string()),
  code: z.optional(z.string()),
  detail: z.optional(z.string()),
  requestId: z.optional(z.string()),
  errors: z.optional(z.array(z.object({ in: z.string(), name: z.string(), detail: z.string() }))),
});

/** A handler's answer to a request, its JSON body parsed where it has one. */
export async function ask(handler: Handler, request: Parameters<typeof event>[0]) {
  const { statusCode: status, headers = {}, body: text } = await handler(event(request), context);
  const isJson = /[/+]json\b/.test(String(headers['content-type']));
  return { status, headers, text, body: isJson ? Body.parse(JSON.parse(text)) : {} };
}
