import * as z from 'zod/mini';
import type { Changes } from '../shared/access/change';
import { faultIn, settingsOf } from '../shared/credentials/issuer-fields';
import type { IssuerSettings } from '../shared/credentials/issuer-settings';
import type { ForeignJwk } from '../shared/credentials/jwk';
import { refuse } from '../shared/errors';
import { CreatedKey, page, placeOf } from '../shared/http/page';
import { etag } from '../shared/http/request';
import { Answer, type Operations } from '../shared/http/route';
import type { IssuerChange, issuerRoutes } from './contract';
import { mayGive } from './may-give';
import type { Published } from './published';
import { count, find, insert, list, type Row, remove, shown, trustedOf, update } from './rows';

const MOST_ISSUERS = 20;
const Created = z.object({ id: z.uuid() });

export const issuers = (changes: Changes, published: Published): Operations<typeof issuerRoutes> => ({
  async listIssuers({ principal, query }) {
    const { limit, after } = placeOf(CreatedKey, query);
    const rows = await changes.read({ principal }, (sql) => list(sql, principal.organisation, after, limit + 1));
    return page(rows, limit, shown, ({ created_at, id }) => [created_at, id]);
  },

  async createIssuer(call) {
    const { principal, body, publicUrl } = call;
    const { organisation } = principal;
    const settings = checked(settingsOf(body));
    if ([publicUrl, `${publicUrl}/`].includes(settings.issuer))
      refuse('bad_request', 'body: issuer is this gateway itself');
    if (await published.isOfStage(settings)) refuse('conflict', TAKEN);
    const creation = { voids: 'organisation', operation: 'createIssuer', content: body, kept: Created } as const;
    let keys: readonly ForeignJwk[] | undefined;
    const { id } = await changes.create(call, creation, async (tx) => {
      await mayGive(tx, principal, settings);
      if ((await count(tx, organisation)) >= MOST_ISSUERS)
        refuse('conflict', `an organisation may have ${MOST_ISSUERS} issuers`);
      const made = (await insert(tx, organisation, settings)) ?? refuse('conflict', TAKEN);
      keys = await published.keysOf(settings);
      tx.audit({ action: 'issuer.created', target: `issuer:${made.id}`, after: shown(made) });
      return { id: made.id };
    });
    // Read back, because the answer may be that of an earlier request, which may have ended before it told anybody.
    const row = await changes.read({ principal }, (sql) => find(sql, organisation, id));
    if (!row) return refuse('conflict', 'the issuer that this request made is gone');
    if (keys) await published.put(trustedOf(row), keys);
    else if (!row.disabled) await publishAgain(published, row);
    return answerOf(row, { location: `/v1/issuers/${id}` });
  },

  async getIssuer({ principal, params }) {
    const row = await changes.read({ principal }, (sql) => found(find(sql, principal.organisation, params.id)));
    const record = row.disabled ? undefined : await published.record(row.settings);
    if (record?.entry !== row.id) return answerOf(row);
    const kids = record.keys.map(({ kid }) => kid);
    const keys = { kids, fetchedAt: new Date(record.fetchedAtSeconds * 1000).toISOString() };
    return new Answer({ ...shown(row), keys }, { etag: etag(row.version) });
  },

  async updateIssuer(call) {
    const { principal, params, body, ifMatch } = call;
    const before = await changes.read({ principal }, async (sql) => {
      const row = await found(find(sql, principal.organisation, params.id));
      if (ifMatch !== undefined && ifMatch !== row.version) refuse('precondition_failed');
      return row;
    });
    const settings = checked(changed(before.settings, body));
    if (await published.isOfStage(settings)) refuse('conflict', TAKEN);
    const isDisabled = body.disabled ?? before.disabled;
    const fetched = isDisabled ? undefined : await keysFor(published, before, settings);
    const row = await changes.change(call, { voids: 'organisation' }, async (tx) => {
      await mayGive(tx, principal, settings);
      const after = (await update(tx, before, settings, isDisabled)) ?? refuse('conflict', 'it was just changed');
      tx.audit({ action: 'issuer.updated', target: `issuer:${after.id}`, before: shown(before), after: shown(after) });
      return after;
    });
    if (fetched) await published.put(trustedOf(row), fetched.keys, fetched.fetchedAtSeconds);
    else await published.remove(settings);
    return answerOf(row);
  },

  async deleteIssuer(call) {
    const { principal, params, ifMatch } = call;
    const gone = await changes.change(call, { voids: 'organisation' }, async (tx) => {
      const row = await found(find(tx, principal.organisation, params.id));
      if (!(await remove(tx, principal.organisation, params.id, ifMatch))) refuse('precondition_failed');
      tx.audit({ action: 'issuer.deleted', target: `issuer:${row.id}`, before: shown(row) });
      return row;
    });
    await published.remove(gone.settings);
    return undefined;
  },
});

const TAKEN = 'tokens of this issuer and audience are accepted already, here or by another organisation';

const answerOf = (row: Row, headers: Readonly<Record<string, string>> = {}) =>
  new Answer(shown(row), { etag: etag(row.version), ...headers });

async function found(row: Promise<Row | undefined>): Promise<Row> {
  return (await row) ?? refuse('not_found');
}

function checked(settings: IssuerSettings): IssuerSettings {
  const fault = faultIn(settings);
  return fault === undefined ? settings : refuse('bad_request', `body: ${fault}`);
}

/** What is left out stays; null takes away. */
function changed(settings: IssuerSettings, change: z.output<typeof IssuerChange>): IssuerSettings {
  const given = Object.entries(change).filter(([name, value]) => name !== 'disabled' && value !== undefined);
  const merged = { ...settings, ...Object.fromEntries(given) };
  const kept = Object.entries(merged).filter(([, value]) => value !== null);
  return settingsOf({ ...Object.fromEntries(kept), kind: settings.kind, issuer: settings.issuer });
}

async function publishAgain(published: Published, row: Row): Promise<void> {
  const { keys, fetchedAtSeconds } = await keysFor(published, row, row.settings);
  await published.put(trustedOf(row), keys, fetchedAtSeconds);
}

/** Fetched anew only where the change is about keys: an issuer that is down must not keep anybody from changing roles. */
async function keysFor(published: Published, before: Row, settings: IssuerSettings) {
  const isAboutKeys = settings.jwksUri !== before.settings.jwksUri || settings.algorithm !== before.settings.algorithm;
  const record = isAboutKeys || before.disabled ? undefined : await published.record(settings);
  if (record?.entry === before.id) return record;
  return { keys: await published.keysOf(settings), fetchedAtSeconds: undefined };
}
