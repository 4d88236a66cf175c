import * as z from 'zod/mini';
import { announce } from '../shared/graph/artifact';
import { type AuditEvent, appendAudit, NO_ORGANISATION } from '../shared/stores/audit';
import type { OpenPool } from '../shared/stores/postgres';
import type { Redis } from '../shared/stores/redis';
import { inTenant, type Sql } from '../shared/stores/tenancy';
import { type Outcome, publish } from './change-graph';
import type { Compose } from './composed';
import type { Draft } from './rows';

interface Deps {
  /** As `gatehouse_auth`, who sees all organisations. */
  readonly pool: OpenPool;
  readonly redis: Redis;
  readonly compose: Compose;
}

const ACTOR = 'deployment';
const ORIGIN = { requestId: 'deploy', sourceIp: '', userAgent: '' };

/**
 * Publishes what the deployment brings along, in one graph. What is published as it is already
 * stays: nothing is written. How a subgraph is asked is the operator's: a deployment says nothing of it.
 */
export async function publishExamples(drafts: readonly Draft[], { pool, redis, compose }: Deps): Promise<Outcome> {
  const outcome = await inTenant(pool, { organisation: NO_ORGANISATION }, async (sql) => {
    const organisation = await operatorOf(sql);
    const noted: Omit<AuditEvent, 'actor'>[] = [];
    const tx = { query: sql.query, audit: (event: Omit<AuditEvent, 'actor'>) => void noted.push(event) };
    const published = await publish(tx, drafts, { redis, compose, by: ACTOR, keepSettings: true });
    for (const event of noted) await appendAudit(sql, organisation, ORIGIN, { actor: ACTOR, ...event });
    return published;
  });
  await announce(redis, outcome.graph);
  return outcome;
}

const Found = z.array(z.object({ id: z.string() }));
const OPERATOR = 'select id from gatehouse.organisations where operator order by created_at, id limit 1';

/** In whose audit it stands; a stage whose first administrator comes later has no operator yet. */
const operatorOf = async (sql: Sql): Promise<string> =>
  Found.parse((await sql.query(OPERATOR)).rows)[0]?.id ?? NO_ORGANISATION;
