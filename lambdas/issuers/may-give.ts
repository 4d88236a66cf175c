import { customRoles, setOf } from '../shared/access/load.lazy';
import { isRole, isWithin } from '../shared/access/permissions';
import type { Principal } from '../shared/access/principal';
import type { IssuerSettings } from '../shared/credentials/issuer-settings';
import { refuse } from '../shared/errors';
import type { Sql } from '../shared/stores/tenancy';

/** Nobody hands out more than they hold: what an issuer's tokens can give here, whoever trusts it must have. */
export async function mayGive(sql: Sql, principal: Principal, { roles, defaultRoles }: IssuerSettings): Promise<void> {
  const custom = await customRoles(sql, principal.organisation);
  for (const role of new Set([...Object.values(roles?.map ?? {}), ...defaultRoles])) {
    if (!isRole(role) && !custom.has(role)) refuse('bad_request', `body: there is no role ${role}`);
    if (!isWithin(setOf(custom, role), principal.permissions))
      refuse('forbidden', `the role ${role} holds more than you do`);
  }
}
