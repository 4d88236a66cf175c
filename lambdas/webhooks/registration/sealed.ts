import * as z from 'zod/mini';
import { fromJson } from '../../shared/json';
import { Authentication } from '../post/authentication';
import { type Envelope, openEnvelope } from '../signing/envelope';
import { SigningKeys } from '../signing/secrets';

const Content = z.object({
  keys: SigningKeys,
  authentication: Authentication,
  /** Headers of the tenant's own. */
  headers: z.optional(z.record(z.string(), z.string())),
});
export type Content = z.output<typeof Content>;

/** What encrypts the secrets of endpoints, read when it is first needed. */
export type OpenSealing = () => Promise<Envelope>;

/** As Secrets Manager makes it (lib/constructs/webhook-stores.ts). Keys that are put before the first one seal in its place. */
const Masters = z.pipe(
  fromJson,
  z.object({ keys: z.array(z.object({ id: z.string(), secret: z.string() })), first: z.string() }),
);

export function sealingOf(readSecret: () => Promise<string>): OpenSealing {
  let opened: Promise<Envelope> | undefined;
  const open = async () => {
    const { keys, first } = Masters.parse(await readSecret());
    return openEnvelope({ keys: [...keys, { id: 'first', secret: first }] });
  };
  return () =>
    (opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    }));
}

interface Place {
  readonly organisation: string;
  readonly id: string;
}

/** Bound to its endpoint: moved to another one, it does not open. */
const contextOf = ({ organisation, id }: Place) => [organisation, id];

export const sealed = (envelope: Envelope, place: Place, content: Content): string =>
  envelope.seal(JSON.stringify(content), contextOf(place));

export const openSealed = (envelope: Envelope, endpoint: Place & { readonly sealed: string }): Content =>
  z.pipe(fromJson, Content).parse(envelope.open(endpoint.sealed, contextOf(endpoint)));
