import * as z from 'zod/mini';
import { CompositionError } from './contract';

/** A subgraph as composition sees it. */
export interface Service {
  readonly name: string;
  readonly url: string;
  readonly sdl: string;
}

export const Composed = z.union([
  z.object({
    ok: z.literal(true),
    /** Both `''` where there are no subgraphs. */
    supergraph: z.string(),
    /** What callers see. */
    apiSchema: z.string(),
  }),
  z.object({ ok: z.literal(false), errors: z.array(CompositionError) }),
]);
export type Composed = z.output<typeof Composed>;

/** Composes subgraphs, whatever they say: that they do not compose is an answer too. */
export type Compose = (services: readonly Service[]) => Promise<Composed>;
