import * as z from 'zod/mini';
import { PageQuery, pageOf } from '../../shared/http/page';
import { type Contract, json } from '../../shared/http/route';
import { ById, RoleNames, versioned } from './common';

export const Invitation = z.object({
  id: z.uuid(),
  email: z.string(),
  roles: z.array(z.string()),
  /** Who sent it, as `user:<id>`, `api_key:<id>` or `client:<id>`. */
  invitedBy: z.string(),
  expiresAt: z.string(),
  acceptedAt: z.nullable(z.string()),
  ...versioned,
});

export const NewInvitation = z.strictObject({
  email: z.email().check(z.toLowerCase(), z.maxLength(254)),
  roles: RoleNames,
});

const any = { auth: 'any', since: '0.2.0' } as const;
const one = { ...any, params: ById, resource: { type: 'invitation', param: 'id' } } as const;

export const invitationRoutes = {
  listInvitations: {
    ...any,
    method: 'GET',
    path: '/v1/invitations',
    summary: 'Invitations that were sent',
    permission: 'members:read',
    query: z.strictObject(PageQuery),
    reply: { status: 200, body: pageOf(Invitation) },
  },
  createInvitation: {
    ...any,
    method: 'POST',
    path: '/v1/invitations',
    summary: 'Invite somebody: the token is shown once, and is yours to deliver',
    permission: 'members:write',
    idempotent: true,
    body: json(NewInvitation),
    reply: {
      status: 201,
      body: z.extend(Invitation, { token: z.string() }),
      headers: { 'cache-control': 'no-store' },
    },
    example: { body: { email: 'new@acme.example', roles: ['viewer'] } },
  },
  getInvitation: {
    ...one,
    method: 'GET',
    path: '/v1/invitations/{id}',
    summary: 'One invitation',
    permission: 'members:read',
    reply: { status: 200, body: Invitation },
    errors: ['not_found'],
  },
  deleteInvitation: {
    ...one,
    method: 'DELETE',
    path: '/v1/invitations/{id}',
    summary: 'Take an invitation back',
    permission: 'members:write',
    conditional: true,
    reply: { status: 204 },
    errors: ['not_found', 'conflict'],
  },
} as const satisfies Contract;
