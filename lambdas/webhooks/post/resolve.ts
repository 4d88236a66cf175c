import { promises as dns } from 'node:dns';
import { PostFault } from './outcome';

export interface Found {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name, in the order to try them. Rejects with an error that has a `code` where there are none. */
export type Resolve = (hostname: string) => Promise<readonly Found[]>;

const TIMEOUT_MS = 2500;
const TRIES = 2;

/**
 * Asks the name servers by itself. `dns.lookup` would ask in one of four threads that all lookups share: four names whose
 * servers never answer would stop everybody's deliveries.
 * @param servers default: the system's
 */
export function resolveByServers(servers?: readonly string[]): Resolve {
  const resolver = new dns.Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers) resolver.setServers(servers);
  return async (hostname) => {
    const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const found = [...listed(four, 4), ...listed(six, 6)];
    if (found.length === 0 && four.status === 'rejected') throw four.reason;
    return found;
  };
}

const listed = (answer: PromiseSettledResult<readonly string[]>, family: number): Found[] =>
  answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : [];

/** As everything else on this machine does, its hosts file included. */
export const resolveAsSystem: Resolve = (hostname) => dns.lookup(hostname, { all: true });

/** The addresses of a name. Rejects with a fault that says why there are none. */
export async function addressesOf(hostname: string, resolve: Resolve): Promise<readonly Found[]> {
  const addresses = await resolve(hostname).catch((error: unknown) => {
    const { code } = Object(error);
    throw new PostFault('dns', `the name does not resolve (${typeof code === 'string' ? code : 'failed'})`);
  });
  if (addresses.length === 0) throw new PostFault('dns', 'the name has no address');
  return addresses;
}
