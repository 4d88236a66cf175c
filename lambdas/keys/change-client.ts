import type { Principal } from '../shared/access/principal';
import type { ClientPatch } from './client-contract';
import type { ClientRow } from './client-rows';
import { assertNamesSomething, wrong } from './fields';
import { assertHolds, assertMayPlan } from './rights';

/** The client's settings after a change that the caller may make: more than a new name, or an end, only with its scopes. */
export function changedClient(caller: Principal, before: ClientRow, patch: ClientPatch) {
  assertNamesSomething(patch);
  const { name, scopes, redirectUris, plan, disabled } = patch;
  if (before.kind === 'public' && scopes) wrong('scopes', 'are of confidential clients: a public one acts for people');
  if (before.kind === 'confidential' && redirectUris) wrong('redirectUris', 'are of public clients');
  const after = {
    name: name ?? before.name,
    scopes: [...new Set(scopes ?? before.scopes)],
    redirectUris: [...new Set(redirectUris ?? before.redirect_uris)],
    plan: plan === undefined ? before.plan : plan,
    disabled: disabled ?? before.disabled,
  };
  const isWidening = scopes !== undefined || plan !== undefined || disabled === false;
  if (isWidening) assertHolds(caller, after.scopes);
  assertMayPlan(caller, plan, before.plan);
  return after;
}
