import * as z from 'zod/mini';
import type { Changes } from '../shared/access/change';
import { namesOf } from '../shared/access/permissions';
import type { Principal } from '../shared/access/principal';
import { hashPassword } from '../shared/credentials/passwords';
import { refuse } from '../shared/errors';
import type { Operations } from '../shared/http/route';
import type { authRoutes } from './contract';
import type { ReplacePassword } from './password-change';
import { requireStrong } from './password-policy';
import type { Passwords } from './sign-in';

const ME = `
  select o.name as organisation, w.name as workspace, coalesce(u.name, k.name, c.name, '') as name, u.email,
    u.external_issuer is not null as external
  from gatehouse.organisations o
    left join gatehouse.workspaces w on w.organisation_id = o.id and w.id = $2
    left join gatehouse.users u on $3 = 'user' and u.id = (case when $3 = 'user' then $4 end)::uuid
    left join gatehouse.api_keys k on $3 = 'api_key' and k.organisation_id = o.id and k.id = $4
    left join gatehouse.clients c on $3 = 'client' and c.organisation_id = o.id and c.id = (case when $3 = 'client' then $4 end)::uuid
  where o.id = $1`;

const Me = z.object({
  organisation: z.string(),
  workspace: z.nullable(z.string()),
  name: z.string(),
  email: z.nullable(z.string()),
  external: z.boolean(),
});

interface Deps {
  readonly changes: Changes;
  readonly replacePassword: ReplacePassword;
  readonly passwords: Passwords;
}

export const account = ({
  changes,
  replacePassword,
  passwords,
}: Deps): Pick<Operations<typeof authRoutes>, 'getMe' | 'changePassword'> => ({
  async getMe({ principal }) {
    const { kind, id, organisation, workspace, session, roles, permissions, plan } = principal;
    const me = await whoIs(changes, principal);
    return {
      kind,
      id,
      name: me.name,
      ...(me.email !== null && { email: me.email }),
      organisation: { id: organisation, name: me.organisation },
      ...(workspace !== undefined && me.workspace !== null && { workspace: { id: workspace, name: me.workspace } }),
      session,
      roles: [...roles],
      permissions: namesOf(permissions),
      plan,
    };
  },

  async changePassword({ principal, body: { currentPassword, newPassword }, origin }) {
    const me = await whoIs(changes, principal);
    if (me.external || me.email === null)
      return refuse('conflict', 'your password is with the issuer that signs you in');
    const { organisation } = principal;
    const shown = await passwords.signIn({ email: me.email, password: currentPassword, organisation }, origin);
    if (!shown) return refuse('forbidden', 'currentPassword is wrong');
    if (newPassword === currentPassword) return refuse('bad_request', 'body: newPassword is the one you have');
    await requireStrong(newPassword, 'newPassword', [me.email, me.name, me.organisation]);
    const hash = await hashPassword(newPassword);
    await replacePassword({ principal, origin }, hash, shown.passwordVersion);
    return undefined;
  },
});

async function whoIs(changes: Changes, principal: Principal) {
  const { organisation, workspace = null, kind, id } = principal;
  const { rows } = await changes.read({ principal }, (sql) => sql.query(ME, [organisation, workspace, kind, id]));
  return Me.parse(rows[0]);
}
