import * as z from 'zod/mini';
import { PageQuery, pageOf } from '../shared/page';
import type { Contract } from '../shared/route';

export const Member = z.object({
  id: z.uuid(),
  email: z.nullable(z.string()),
  name: z.string(),
  roles: z.array(z.string()),
  createdAt: z.string(),
});

export const tenantRoutes = {
  listMembers: {
    method: 'GET',
    path: '/v1/members',
    summary: 'The members of your organisation and their roles',
    auth: 'any',
    permission: 'members:read',
    query: z.strictObject(PageQuery),
    reply: { status: 200, body: pageOf(Member) },
    since: '0.1.0',
  },
} as const satisfies Contract;
