import { refuse } from '../../shared/errors';
import { pinFault } from '../event-types/catalogue';
import type { CatalogueOf } from '../event-types/catalogue-of';
import type { EndpointFields } from './fields';

/** Refuses versions that an endpoint could not be sent. Those that it has had for longer are let be. */
export async function assertPins(
  catalogueOf: CatalogueOf,
  organisation: string,
  pins: EndpointFields['payloadVersions'] | null,
): Promise<void> {
  if (!pins || Object.keys(pins).length === 0) return;
  const catalogue = await catalogueOf(organisation);
  const errors = Object.entries(pins).flatMap(([name, pin]) => {
    const versions = catalogue.versions(name).map(({ type }) => type);
    const detail = pinFault(versions, name, pin);
    return detail === undefined ? [] : [{ in: 'body', name: `payloadVersions.${name}`, detail }];
  });
  if (errors.length > 0)
    refuse('bad_request', `body: ${errors.map(({ name, detail }) => `${name} ${detail}`).join('; ')}`, {
      extensions: { errors },
    });
}
