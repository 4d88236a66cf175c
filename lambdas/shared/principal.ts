import type { APIGatewayEventRequestContext } from 'aws-lambda';
import * as z from 'zod/mini';
import { ROLE_NAMES, type Role } from './permissions';

/** Who is calling, as an authorizer found out. */
export interface Principal {
  readonly kind: 'user' | 'api_key';
  readonly id: string;
  /** The tenant: what the caller sees and changes belongs to this organisation. */
  readonly organisation: string;
  readonly roles: readonly Role[];
}

const AuthorizerContext = z.object({
  kind: z.enum(['user', 'api_key']),
  principalId: z.string().check(z.minLength(1)),
  organisation: z.uuid(),
  roles: z.pipe(
    z.string(),
    z.pipe(
      z.transform((roles: string) => roles.split(' ').filter(Boolean)),
      z.array(z.enum(ROLE_NAMES)),
    ),
  ),
});

/** What an authorizer hands on; API Gateway carries only strings, numbers and booleans. */
export const authorizerContext = ({ kind, organisation, roles }: Principal) => ({
  kind,
  organisation,
  roles: roles.join(' '),
});

/** Reads the principal that the authorizer left in the request context. */
export function principalOf(context: APIGatewayEventRequestContext): Principal | undefined {
  const parsed = AuthorizerContext.safeParse(context.authorizer);
  if (!parsed.success) return undefined;
  const { principalId, ...rest } = parsed.data;
  return { id: principalId, ...rest };
}
