import type { Principal } from '../shared/access/principal';
import type { LimitOverride } from '../shared/limits/plans';
import type { Sql } from '../shared/stores/tenancy';
import type { KeyPatch } from './contract';
import { assertFuture, assertNamesSomething } from './fields';
import { assertHolds, assertMayPlan, assertWithin, makerOf, planAfter } from './rights';
import type { KeyRow } from './rows';

/** What can be changed of a key. */
export interface Settings {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly ipRanges: readonly string[];
  readonly plan: string | null;
  readonly limits: LimitOverride | null;
  readonly expiresAt: string | null;
  readonly disabled: boolean;
}

/** The key's settings after a change that the caller may make. */
export async function changed(
  sql: Sql,
  caller: Principal,
  before: KeyRow,
  patch: KeyPatch,
  nowMs: number,
): Promise<Settings> {
  assertNamesSomething(patch);
  assertFuture(patch.expiresAt, nowMs);
  const after = merged(before, patch);
  if (isWidening(patch)) await assertMayWiden(sql, caller, before, patch, after);
  return after;
}

const merged = (before: KeyRow, patch: KeyPatch): Settings => ({
  name: patch.name ?? before.name,
  scopes: [...new Set(patch.scopes ?? before.scopes)],
  ipRanges: [...new Set(patch.ipRanges ?? before.ip_ranges)],
  ...planAfter(before, patch),
  expiresAt: patch.expiresAt === undefined ? before.expires_at : patch.expiresAt,
  disabled: patch.disabled ?? before.disabled,
});

/** Whoever may write keys may rename and disable any of them. Everything else may give a key more than it had. */
const isWidening = ({ disabled, ...patch }: KeyPatch) =>
  disabled === false || Object.keys(patch).some((setting) => setting !== 'name');

/** Only whoever holds all that the key then has, within what binds the caller's own key. */
async function assertMayWiden(
  sql: Sql,
  caller: Principal,
  before: KeyRow,
  patch: KeyPatch,
  after: Settings,
): Promise<void> {
  assertHolds(caller, after.scopes);
  assertMayPlan(caller, patch, before);
  const { ipRanges, expiresAt } = patch;
  const { bounds } = await makerOf(sql, caller);
  assertWithin(bounds, { ...(ipRanges && { ipRanges }), ...(expiresAt !== undefined && { expiresAt }) });
}
