import * as z from 'zod/mini';
import { routes } from '../../lambdas/routes';
import { ROLE_NAMES } from '../../lambdas/shared/access/permissions';
import { Refusal } from '../../lambdas/shared/errors';
import type { Route } from '../../lambdas/shared/http/route';
import { type ServeOptions, serve } from '../../lambdas/shared/http/serve';
import { principal, served } from './event';

/** Every route of the product as rows of a table test: name and route. */
export const everyRoute = Object.entries(routes);

/**
 * All routes behind one `serve()`; each operation answers 409, so a 409 shows that everything in front of it let the
 * request pass.
 */
export const REACHED = 409;
export const productOver = (options: ServeOptions) =>
  serve(
    routes,
    Object.fromEntries(Object.keys(routes).map((name) => [name, () => Promise.reject(new Refusal('conflict'))])),
    options,
  );
export const product = productOver(served);

/** A request that gets past routing, admission and parameters: tests change one thing of it. */
export const admissible = (route: Route) => ({
  method: route.method,
  resource: route.path,
  ...(route.params && { params: sampleParams(route) }),
  ...(route.auth !== 'none' && { principal: principal(...ROLE_NAMES) }),
  ...(route.body && { headers: { 'content-type': route.body.contentType } }),
});

const SAMPLES = [
  'sample',
  '0b7c1f5e-3c0d-4f6a-8d1e-2a9b6c4d5e6f',
  '0123456789abcdef',
  '1',
  'we_0123456789abcdefghjk',
  'evt_0123456789abcdefghjkmnpqrstvwxyz0123',
  'job_0123456789abcdefghjkmnpqrstvwxyz0123',
];

function sampleParams({ path, params }: Route): Record<string, string> {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  const found = names.map((name) => {
    const sample = SAMPLES.find((each) => isFit(params, name, each));
    if (sample === undefined) throw new Error(`no sample fits ${name} of ${path}: add one to SAMPLES`);
    return [name, sample];
  });
  return Object.fromEntries(found);
}

const isFit = (params: Route['params'], name: string, sample: string) => {
  const schema = params?.shape[name];
  return schema !== undefined && z.safeParse(schema, sample).success;
};
