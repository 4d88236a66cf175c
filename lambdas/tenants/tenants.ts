import type { Changes } from '../shared/access/change';
import type { Operations } from '../shared/http/route';
import type { tenantRoutes } from './contract';
import { grants } from './grants';
import { invitations } from './invitations';
import { members } from './members';
import { organisations } from './organisations';
import { permissions } from './permissions';
import { roles } from './roles';
import { workspaces } from './workspaces';

export interface TenantsDeps {
  readonly changes: Changes;
  pepper(): Promise<string>;
  newId(): string;
}

export const tenants = (deps: TenantsDeps): Operations<typeof tenantRoutes> => ({
  ...organisations(deps.changes, deps.newId),
  ...workspaces(deps.changes),
  ...members(deps.changes),
  ...invitations(deps),
  ...roles(deps.changes),
  ...grants(deps.changes),
  ...permissions(deps.changes),
});
