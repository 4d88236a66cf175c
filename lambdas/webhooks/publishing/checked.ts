import { logger } from '../../shared/telemetry';
import { checkOf, olderOf, type TenantCatalogue } from '../event-types/catalogue-of';
import type { PayloadFlaw } from '../event-types/payload-schema';
import { applyDown, GrownTooLarge } from '../event-types/transforms';
import type { Older } from './body-for';
import type { Draft } from './publish';

/** An event that may be published, and what is said of it all the same. */
export interface Checked {
  readonly draft: Draft;
  readonly warnings: readonly string[];
}

interface Asked extends Omit<Draft, 'version' | 'asked' | 'older'> {
  readonly version?: number | undefined;
}

/** A type that is in no catalogue is taken as it comes. */
const UNKNOWN_VERSION = 1;

/** Holds an event against its type. */
export async function checked(catalogue: TenantCatalogue, event: Asked): Promise<Checked | { readonly fault: string }> {
  const { type, data, version: asked } = event;
  const versions = catalogue.versions(type);
  const latest = versions.at(-1);
  if (!latest) return { draft: { ...event, version: asked ?? UNKNOWN_VERSION, asked }, warnings: [] };
  const known = asked === undefined ? latest : versions.find((each) => each.type.version === asked);
  if (!known) return { fault: `version ${asked} of ${type} is not in the catalogue` };
  const flaws = (await checkOf(known))(data).map(told);
  if (flaws.length > 0 && known.validation === 'enforce')
    return { fault: `it is not of ${type} version ${known.type.version}: ${flaws.join('; ')}` };
  if (flaws.length > 0) logger.warn('an event does not fit its type', { type, version: known.type.version, flaws });
  const { version } = known.type;
  const older = olderOf(versions, version);
  const fault = growthOf(data, older);
  return fault ? { fault } : { draft: { ...event, version, asked, older }, warnings: flaws };
}

const told = ({ path, detail }: PayloadFlaw): string => `data${path} ${detail}`;

/** What cannot be sent to those who pin an older version is refused at once, whoever pins it. */
function growthOf(data: unknown, { down }: Older): string | undefined {
  try {
    for (const transforms of Object.values(down)) applyDown(data, transforms);
    return undefined;
  } catch (error) {
    if (error instanceof GrownTooLarge) return `for an older version ${error.message}`;
    throw error;
  }
}
