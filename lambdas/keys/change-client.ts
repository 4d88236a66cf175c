import type { Principal } from '../shared/access/principal';
import type { ClientPatch } from './client-contract';
import type { ClientRow } from './client-rows';
import { assertNamesSomething, wrong } from './fields';
import { assertHolds, assertMayPlan, planAfter } from './rights';

/** The client's settings after a change that the caller may make: more than a new name, or an end, only with its scopes. */
export function changedClient(caller: Principal, before: ClientRow, patch: ClientPatch) {
  assertNamesSomething(patch);
  const { name, scopes, redirectUris, plan, limits, disabled } = patch;
  if (before.kind === 'public' && scopes) wrong('scopes', 'are of confidential clients: a public one acts for people');
  if (before.kind === 'confidential' && redirectUris) wrong('redirectUris', 'are of public clients');
  const after = {
    name: name ?? before.name,
    scopes: [...new Set(scopes ?? before.scopes)],
    redirectUris: [...new Set(redirectUris ?? before.redirect_uris)],
    ...planAfter(before, patch),
    disabled: disabled ?? before.disabled,
  };
  const isWidening = scopes !== undefined || plan !== undefined || limits !== undefined || disabled === false;
  if (isWidening) assertHolds(caller, after.scopes);
  assertMayPlan(caller, patch, before);
  return after;
}
