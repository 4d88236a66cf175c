import { PERMISSIONS } from '../shared/access/permissions';
import type { Operations } from '../shared/http/route';
import { authRoutes } from './contract';

const CONFIDENTIAL = ['client_secret_basic', 'client_secret_post'];

/** RFC 8414: where and how tokens are issued here. */
export const metadata = (passwordGrant: boolean): Pick<Operations<typeof authRoutes>, 'getMetadata'> => ({
  getMetadata: async ({ publicUrl }) => ({
    issuer: publicUrl,
    authorization_endpoint: `${publicUrl}${authRoutes.authorize.path}`,
    token_endpoint: `${publicUrl}${authRoutes.issueToken.path}`,
    jwks_uri: `${publicUrl}${authRoutes.getJwks.path}`,
    revocation_endpoint: `${publicUrl}${authRoutes.revokeToken.path}`,
    introspection_endpoint: `${publicUrl}${authRoutes.introspectToken.path}`,
    scopes_supported: [...PERMISSIONS],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      ...(passwordGrant ? ['password'] : []),
    ],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', ...CONFIDENTIAL],
    revocation_endpoint_auth_methods_supported: ['none', ...CONFIDENTIAL],
    introspection_endpoint_auth_methods_supported: CONFIDENTIAL,
    authorization_response_iss_parameter_supported: true,
  }),
});
