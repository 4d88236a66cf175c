import type { Contract } from '../shared/http/route';
import { accountRoutes } from './account-contract';
import { oauthRoutes } from './oauth-contract';

export const authRoutes = { ...oauthRoutes, ...accountRoutes } as const satisfies Contract;
