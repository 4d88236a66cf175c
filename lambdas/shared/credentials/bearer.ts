import type { Identity } from '../access/principal';
import type { Claims } from './jwt';

/** Who bears a verified token. One that a client got for itself names it as its subject. */
export const bearerOf = ({ sub, client_id, org, ws, sid, jti, exp }: Claims): Identity => ({
  kind: sub === client_id ? 'client' : 'user',
  id: sub,
  organisation: org,
  workspace: ws,
  session: sid,
  token: jti,
  expiresAtSeconds: exp,
});
