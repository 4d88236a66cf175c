import * as z from 'zod/mini';
import { Id } from '../../shared/http/id';
import { PageQuery, pageOf } from '../../shared/http/page';
import { type Contract, json } from '../../shared/http/route';
import { ById, Name, RoleNames, versioned } from './common';

export const Workspace = z.object({ id: z.uuid(), name: z.string(), ...versioned });

export const WorkspaceMember = z.object({
  id: z.uuid(),
  email: z.nullable(z.string()),
  name: z.string(),
  /** Held in this workspace, in addition to those held in the organisation. */
  roles: z.array(z.string()),
  ...versioned,
});

const NewWorkspace = z.strictObject({ name: Name });
const any = { auth: 'any', since: '0.2.0' } as const;
const one = { ...any, resource: { type: 'workspace', param: 'id' } } as const;
const member = { ...one, params: z.strictObject({ id: Id, user: Id }) } as const;

export const workspaceRoutes = {
  listWorkspaces: {
    ...any,
    method: 'GET',
    path: '/v1/workspaces',
    summary: 'The workspaces of your organisation',
    permission: 'workspaces:read',
    query: z.strictObject(PageQuery),
    reply: { status: 200, body: pageOf(Workspace) },
  },
  createWorkspace: {
    ...any,
    method: 'POST',
    path: '/v1/workspaces',
    summary: 'Make a workspace',
    permission: 'workspaces:write',
    idempotent: true,
    body: json(NewWorkspace),
    reply: { status: 201, body: Workspace },
    example: { body: { name: 'Shop' } },
  },
  getWorkspace: {
    ...one,
    method: 'GET',
    path: '/v1/workspaces/{id}',
    summary: 'One workspace',
    permission: 'workspaces:read',
    params: ById,
    reply: { status: 200, body: Workspace },
    errors: ['not_found'],
  },
  updateWorkspace: {
    ...one,
    method: 'PATCH',
    path: '/v1/workspaces/{id}',
    summary: 'Rename a workspace',
    permission: 'workspaces:write',
    conditional: true,
    params: ById,
    body: json(NewWorkspace),
    reply: { status: 200, body: Workspace },
    errors: ['not_found', 'conflict'],
    example: { body: { name: 'Storefront' } },
  },
  deleteWorkspace: {
    ...one,
    method: 'DELETE',
    path: '/v1/workspaces/{id}',
    summary: 'End a workspace with its memberships, keys and sessions',
    permission: 'workspaces:write',
    conditional: true,
    params: ById,
    reply: { status: 204 },
    errors: ['not_found'],
  },
  listWorkspaceMembers: {
    ...one,
    method: 'GET',
    path: '/v1/workspaces/{id}/members',
    summary: 'The members of a workspace and their roles in it',
    permission: 'members:read',
    params: ById,
    query: z.strictObject(PageQuery),
    reply: { status: 200, body: pageOf(WorkspaceMember) },
    errors: ['not_found'],
  },
  putWorkspaceMember: {
    ...member,
    method: 'PUT',
    path: '/v1/workspaces/{id}/members/{user}',
    summary: 'Give a member of the organisation these roles in a workspace',
    permission: 'members:write',
    conditional: true,
    body: json(z.strictObject({ roles: RoleNames })),
    reply: { status: 200, body: WorkspaceMember },
    errors: ['not_found'],
    example: { body: { roles: ['editor'] } },
  },
  deleteWorkspaceMember: {
    ...member,
    method: 'DELETE',
    path: '/v1/workspaces/{id}/members/{user}',
    summary: 'Take a member out of a workspace',
    permission: 'members:write',
    conditional: true,
    reply: { status: 204 },
    errors: ['not_found'],
  },
} as const satisfies Contract;
