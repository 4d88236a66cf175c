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
  const record = JSON.stringify({ actor, action, target, outcome, ...rest, from });
  // PostgreSQL's JSON takes no NUL; a caller's agent or name may hold one.
  await sql.query('select gatehouse.audit_append($1, $2)', [organisation, record.replaceAll('\\u0000', '�')]);
}
