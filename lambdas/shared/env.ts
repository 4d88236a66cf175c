import * as z from 'zod/mini';
import { parse } from './parse';

/**
 * Reads the environment once, at cold start. Throws one error that names every variable that is missing or wrong;
 * nothing outside a `*.handler.ts` calls this, so a wrong environment stops a function before its first request.
 */
export function readEnv<S extends z.core.$ZodLooseShape>(shape: S, source: unknown = process.env) {
  const parsed = parse(z.object(shape), source);
  if (parsed.ok) return parsed.value;
  throw new Error(`environment: ${parsed.wrong.map(({ name, detail }) => `${name} ${detail}`).join('; ')}`);
}

export const text = z.string().check(z.minLength(1));
export const port = z.pipe(text, z.pipe(z.transform(Number), z.int().check(z.gte(1), z.lte(65535))));
