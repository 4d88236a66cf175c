import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { asOwner, OwnerLogin } from '../shared/stores/owner';
import type { Renewal } from './rotate';

type AsOwner = (login: OwnerLogin, work: (client: Client) => Promise<unknown>) => Promise<unknown>;

/** Renews the password of the schema's owner. Nothing holds a connection of this login, so the old one may go at once. */
export const ownerPassword = (connect: AsOwner = asOwner): Renewal => ({
  next: (current) => JSON.stringify({ ...OwnerLogin.parse(current), password: randomBytes(24).toString('hex') }),
  async apply(current, pending) {
    const login = OwnerLogin.parse(pending);
    if (await works(connect, login)) return;
    // ALTER USER takes no parameters.
    await connect(OwnerLogin.parse(current), (client) =>
      client.query(
        `alter user ${client.escapeIdentifier(login.username)} password ${client.escapeLiteral(login.password)}`,
      ),
    );
  },
  async test(pending) {
    await connect(OwnerLogin.parse(pending), (client) => client.query('select 1'));
  },
});

const works = (connect: AsOwner, login: OwnerLogin) =>
  connect(login, async () => true).then(
    () => true,
    () => false,
  );
