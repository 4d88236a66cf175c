import * as z from 'zod/mini';
import { PageQuery, pageOf } from '../../shared/http/page';
import { type Contract, json } from '../../shared/http/route';
import { ById, Name, versioned } from './common';

export const Organisation = z.object({
  id: z.uuid(),
  name: z.string(),
  /** Set by the operator of the platform, never by the organisation. */
  plan: z.enum(['free', 'pro', 'enterprise', 'custom']),
  ...versioned,
});

export const NewOrganisation = z.strictObject({ name: Name });

const one = { auth: 'any', params: ById, resource: { type: 'organisation', param: 'id' }, since: '0.2.0' } as const;

export const organisationRoutes = {
  listOrganisations: {
    method: 'GET',
    path: '/v1/organisations',
    summary: 'The organisations you belong to; for a key or a client, its own',
    auth: 'any',
    permission: 'organisations:read',
    query: z.strictObject(PageQuery),
    reply: { status: 200, body: pageOf(Organisation) },
    since: '0.2.0',
  },
  createOrganisation: {
    method: 'POST',
    path: '/v1/organisations',
    summary: 'Make an organisation whose admin you are',
    auth: 'bearer',
    caller: 'user',
    permission: 'organisations:create',
    idempotent: true,
    body: json(NewOrganisation),
    reply: { status: 201, body: Organisation },
    example: { body: { name: 'Initech' } },
    since: '0.2.0',
  },
  getOrganisation: {
    ...one,
    method: 'GET',
    path: '/v1/organisations/{id}',
    summary: 'Your organisation',
    permission: 'organisations:read',
    reply: { status: 200, body: Organisation },
    errors: ['not_found'],
  },
  updateOrganisation: {
    ...one,
    method: 'PATCH',
    path: '/v1/organisations/{id}',
    summary: 'Rename your organisation',
    permission: 'organisations:write',
    conditional: true,
    body: json(NewOrganisation),
    reply: { status: 200, body: Organisation },
    errors: ['not_found'],
    example: { body: { name: 'Acme Europe' } },
  },
  deleteOrganisation: {
    ...one,
    method: 'DELETE',
    path: '/v1/organisations/{id}',
    summary: 'End your organisation with everything in it; its audit stays',
    permission: 'organisations:write',
    conditional: true,
    reply: { status: 204 },
    errors: ['not_found'],
  },
} as const satisfies Contract;
