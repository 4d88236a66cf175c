import * as z from 'zod/mini';
import { PageQuery, pageOf } from '../shared/http/page';
import { type Contract, json } from '../shared/http/route';
import { Field, isText, NO_STORE } from './fields';

const Named = z.object({ id: z.string(), name: z.string() });

/** Who is calling, and what the caller may do now. */
const Me = z.object({
  kind: z.enum(['user', 'api_key', 'client']),
  id: z.string(),
  name: z.string(),
  email: z.optional(z.string()),
  organisation: Named,
  workspace: z.optional(Named),
  session: z.optional(z.string()),
  roles: z.array(z.string()),
  permissions: z.array(z.string()),
  plan: z.string(),
});

export const Session = z.object({
  id: z.uuid(),
  /** The OAuth client it was opened with; `gatehouse` is our own. */
  client: z.string(),
  workspace: z.optional(z.uuid()),
  /** `User-Agent` and address of the sign-in. */
  device: z.string(),
  address: z.string(),
  createdAt: z.string(),
  /** Coarse: within five minutes. */
  lastSeenAt: z.string(),
  expiresAt: z.string(),
  /** Whether it is the one of this request. */
  current: z.boolean(),
});

const NewPassword = z.string().check(z.maxLength(1024), z.refine(isText));
const PasswordChange = z.strictObject({ currentPassword: Field, newPassword: NewPassword });

/** `name` is for an invitee who has no account yet; one who has proves it by its password. */
const Acceptance = z.strictObject({
  token: z.string().check(z.regex(/^ghi_[\w-]{43}$/)),
  name: z.optional(z.string().check(z.minLength(1), z.maxLength(200), z.refine(isText))),
  password: NewPassword,
});
const Accepted = z.object({ user: z.uuid(), organisation: Named, roles: z.array(z.string()) });

export const accountRoutes = {
  getMe: {
    method: 'GET',
    path: '/v1/auth/me',
    summary: 'Who you are here, and what you may do',
    auth: 'any',
    permission: 'account:read',
    reply: { status: 200, body: Me, headers: NO_STORE },
    since: '0.2.0',
  },
  listSessions: {
    method: 'GET',
    path: '/v1/auth/sessions',
    summary: 'Your sessions in this organisation that have not ended, the newest first',
    auth: 'bearer',
    caller: 'user',
    permission: 'account:read',
    query: z.strictObject(PageQuery),
    reply: { status: 200, body: pageOf(Session), headers: NO_STORE },
    since: '0.2.0',
  },
  endSession: {
    method: 'DELETE',
    path: '/v1/auth/sessions/{id}',
    summary: 'End one of your sessions',
    auth: 'bearer',
    caller: 'user',
    permission: 'account:write',
    params: z.strictObject({ id: z.uuid() }),
    reply: { status: 204 },
    errors: ['not_found'],
    since: '0.2.0',
  },
  endOtherSessions: {
    method: 'DELETE',
    path: '/v1/auth/sessions',
    summary: 'End all of your sessions in this organisation but the one of this request',
    auth: 'bearer',
    caller: 'user',
    permission: 'account:write',
    reply: { status: 200, body: z.object({ ended: z.int() }) },
    since: '0.2.0',
  },
  logOut: {
    method: 'POST',
    path: '/v1/auth/logout',
    summary: 'End the session of this request',
    auth: 'bearer',
    caller: 'user',
    permission: 'account:read',
    reply: { status: 204 },
    errors: ['conflict'],
    since: '0.2.0',
  },
  changePassword: {
    method: 'PUT',
    path: '/v1/auth/password',
    summary: 'Change your password; every other session of yours ends',
    auth: 'bearer',
    caller: 'user',
    permission: 'account:write',
    body: json(PasswordChange, 8192),
    reply: { status: 204 },
    errors: ['conflict', 'rate_limited'],
    since: '0.2.0',
  },
  acceptInvitation: {
    method: 'POST',
    path: '/v1/auth/invitations/accept',
    summary: 'Join the organisation that invited you',
    auth: 'none',
    public: 'the invitation is the credential',
    addressLimit: 'credentials',
    body: json(Acceptance, 8192),
    reply: { status: 200, body: Accepted, headers: NO_STORE },
    errors: ['unauthenticated', 'not_found', 'conflict', 'rate_limited', 'not_ready'],
    since: '0.2.0',
  },
} as const satisfies Contract;
