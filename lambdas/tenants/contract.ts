import type { Contract } from '../shared/http/route';
import { grantRoutes } from './contracts/grants';
import { invitationRoutes } from './contracts/invitations';
import { memberRoutes } from './contracts/members';
import { organisationRoutes } from './contracts/organisations';
import { permissionRoutes } from './contracts/permissions';
import { roleRoutes } from './contracts/roles';
import { workspaceRoutes } from './contracts/workspaces';

export const tenantRoutes = {
  ...organisationRoutes,
  ...workspaceRoutes,
  ...memberRoutes,
  ...invitationRoutes,
  ...roleRoutes,
  ...grantRoutes,
  ...permissionRoutes,
} as const satisfies Contract;
