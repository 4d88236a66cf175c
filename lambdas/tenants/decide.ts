import { type CustomRoles, setOf } from '../shared/access/load.lazy';
import { holds, isOfOperators, type Permission, permissionSet } from '../shared/access/permissions';
import type { Decision } from './contracts/permissions';

interface GrantFact {
  readonly id: string;
  readonly subject: string;
  readonly resource: string;
  readonly role: string;
  readonly effect: 'allow' | 'deny';
}

/** What PostgreSQL says of a caller. */
export interface Facts {
  readonly kind: 'user' | 'api_key' | 'client';
  /** Of the user, or of the key's owner. A client has none. */
  readonly roles: readonly string[];
  /** What limits a key, and is all that a client has. */
  readonly scopes: readonly string[];
  readonly grants: readonly GrantFact[];
  readonly custom: CustomRoles;
  /** Whether it is the operator's organisation. */
  readonly operator: boolean;
}

type Reason = Omit<Decision, 'permission' | 'resource'>;

const OPERATOR_ALONE = 'this permission counts in the organisation of the operator alone';

/** The decision of `permits()`, and what decided: an explicit deny, a role, a grant, or that nothing allows it. */
export function decide(facts: Facts, permission: Permission, resource: string | undefined): Reason {
  const { grants, custom, kind, operator } = facts;
  if (isOfOperators(permission) && !operator) return { decision: 'deny', decidedBy: 'nothing', detail: OPERATOR_ALONE };
  const applying = grants.filter(
    (grant) => grant.resource === resource && holds(setOf(custom, grant.role), permission),
  );
  const denied = applying.find(({ effect }) => effect === 'deny');
  if (denied) return byGrant(denied, permission);
  const ordinary = OF_KIND[kind](facts, permission);
  const [allowed] = applying;
  return ordinary.decision === 'deny' && allowed ? byGrant(allowed, permission) : ordinary;
}

function byGrant(grant: GrantFact, permission: Permission): Reason {
  const { id, subject, resource, role, effect } = grant;
  const detail = `${effect === 'deny' ? 'denied' : 'allowed'} to ${subject} on ${resource} by a grant of ${role}, which holds ${permission}`;
  return { decision: effect, decidedBy: 'grant', grant: { id, subject, resource, role, effect }, detail };
}

const rolesWith = ({ roles, custom }: Facts, permission: Permission) =>
  roles.filter((role) => holds(setOf(custom, role), permission));
const hasScope = ({ scopes }: Facts, permission: Permission) => holds(permissionSet(scopes), permission);

/** Without a grant: what roles and scopes say. */
const OF_KIND = {
  user(facts: Facts, permission: Permission): Reason {
    const roles = rolesWith(facts, permission);
    if (roles.length === 0)
      return { decision: 'deny', decidedBy: 'nothing', detail: `no role of yours holds ${permission}` };
    return { decision: 'allow', decidedBy: 'role', roles, detail: `${named(roles)} ${permission}` };
  },
  api_key(facts: Facts, permission: Permission): Reason {
    if (!hasScope(facts, permission))
      return { decision: 'deny', decidedBy: 'scope', detail: `the scopes of this key do not name ${permission}` };
    const roles = rolesWith(facts, permission);
    if (roles.length === 0)
      return { decision: 'deny', decidedBy: 'owner', detail: `no role of the key's owner holds ${permission}` };
    const detail = `a scope of this key, and of its owner ${named(roles)} ${permission}`;
    return { decision: 'allow', decidedBy: 'role', roles, detail };
  },
  client(facts: Facts, permission: Permission): Reason {
    const decision = hasScope(facts, permission) ? 'allow' : 'deny';
    const verb = decision === 'allow' ? 'name' : 'do not name';
    return { decision, decidedBy: 'scope', detail: `the scopes of this client ${verb} ${permission}` };
  },
};

const named = (roles: readonly string[]) =>
  roles.length === 1 ? `the role ${roles.join()} holds` : `the roles ${roles.join(', ')} hold`;
