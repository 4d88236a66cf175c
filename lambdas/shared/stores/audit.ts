import type { Sql } from './tenancy';

/** Where a request came from, as API Gateway saw it; the agent is the caller's own word. */
export interface Origin {
  readonly requestId: string;
  readonly sourceIp: string;
  readonly userAgent: string;
}

/** One row of the audit: who did what, on what, with what outcome. Never a secret: pass what a caller may be shown. */
export interface AuditEvent {
  /** `user:<id>`, `api_key:<id>`, `client:<id>`, `invitation:<id>`, `nobody`. */
  readonly actor: string;
  /** `<what>.<past participle>`: `key.created`, `session.ended`, `login.failed`. */
  readonly action: string;
  /** `<type>:<id>`. */
  readonly target: string;
  /** @default 'done' */
  readonly outcome?: 'done' | 'refused';
  readonly reason?: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** The organisation of what belongs to no tenant, such as a login of nobody we know. */
export const NO_ORGANISATION = '00000000-0000-0000-0000-000000000000';

const LONGEST_AGENT = 300;

/** Appends to the organisation's chain, in the transaction of the change. */
export async function appendAudit(sql: Sql, organisation: string, origin: Origin, event: AuditEvent): Promise<void> {
  const { actor, action, target, outcome = 'done', ...rest } = event;
  const { requestId, sourceIp, userAgent } = origin;
  const from = { requestId, sourceIp, userAgent: userAgent.slice(0, LONGEST_AGENT) };
  const record = storable(JSON.stringify({ actor, action, target, outcome, ...rest, from }));
  await sql.query('select gatehouse.audit_append($1, $2)', [organisation, record]);
}

/** NUL and half a surrogate pair, as JSON escapes them; any other escape is matched too, so that `\\\\u0000` stays whole. */
const ESCAPE = /\\(u0000|ud[89a-f][0-9a-f]{2}|.)/g;

/** PostgreSQL's JSON takes neither; a caller's agent or name may hold them. */
const storable = (text: string) =>
  text.replaceAll(ESCAPE, (escape: string, what: string) => (what.length > 1 ? '\ufffd' : escape));
