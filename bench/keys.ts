import { createHash, createHmac, randomBytes } from 'node:crypto';
import { permissionSet, permits, type Rights, setOfRole } from '../lambdas/shared/access/permissions';
import { hashKey, keyIdOf, matches, newApiKey } from '../lambdas/shared/credentials/api-key';
import { compare } from './measure';

/** Checking an API key whose record is there, and deciding on a permission. */
export async function keys(): Promise<void> {
  const pepper = randomBytes(48).toString('hex');
  const { id, key } = newApiKey('bench');
  const record = { hash: hashKey(key, pepper), organisation: '' };
  await compare('An API key: checksum, HMAC under the pepper, comparison in constant time', [
    { name: 'SHA-256 of the key alone', work: () => createHash('sha256').update(key).digest('hex') },
    { name: 'HMAC-SHA256 of the key alone', work: () => createHmac('sha256', pepper).update(key).digest('hex') },
    { name: 'Gatehouse', work: () => (keyIdOf(key) === id && matches(key, pepper, record)) || fail() },
  ]);

  const plain: Rights = { permissions: setOfRole('editor'), grants: [] };
  const grants = Array.from({ length: 20 }, (_, index) => ({
    effect: index === 19 ? ('deny' as const) : ('allow' as const),
    resource: `key:k${index}`,
    permissions: permissionSet(['keys:read', 'keys:write']),
  }));
  const granted: Rights = { permissions: setOfRole('viewer'), grants };
  const names = new Set(['keys:read', 'keys:write', 'graph:query']);
  await compare('A thousand permission decisions', [
    { name: 'Set.has of the name', work: thousand(() => names.has('keys:write')) },
    { name: 'Gatehouse: by role', work: thousand(() => permits(plain, 'keys:write')) },
    {
      name: 'Gatehouse: on a resource, twenty grants, the last denies',
      work: thousand(() => permits(granted, 'keys:write', 'key:k19')),
    },
  ]);
}

const thousand = (decide: () => boolean) => () => {
  let allowed = 0;
  for (let count = 0; count < 1000; count += 1) if (decide()) allowed += 1;
  return allowed;
};

const fail = (): never => {
  throw new Error('the key does not match');
};
