import { refuse } from '../../shared/errors';
import type { EndpointPatch, NewEndpoint } from '../contracts/endpoints';
import type { Authentication } from '../post/authentication';
import { faultInTarget, type TargetPolicy } from '../post/target';
import type { EndpointRecord } from '../records/endpoint';
import type { EndpointFields } from './fields';

/** Refuses a property for a reason that the schema cannot know, in the words of those that it refuses. */
export const wrong = (name: string, detail: string): never =>
  refuse('bad_request', `body: ${name} ${detail}`, { extensions: { errors: [{ in: 'body', name, detail }] } });

/** Refuses an address that may not be sent to. Where its name leads is asked again at every attempt. */
export function assertTarget(name: string, url: string, policy: TargetPolicy): void {
  const fault = faultInTarget(url, policy);
  if (fault !== undefined) wrong(name, fault);
}

/** Without what is secret of it. */
function shownOf(authentication: Authentication): EndpointFields['authentication'] {
  if (authentication.kind === 'none') return authentication;
  if (authentication.kind === 'basic') return { kind: 'basic', username: authentication.username };
  const { clientSecret: _, ...shown } = authentication;
  return shown;
}

/** What an endpoint without any says of who calls. */
export const NO_AUTHENTICATION: Authentication = { kind: 'none' };

/** The fields of a new endpoint, defaults filled in. */
export function fieldsOf(asked: NewEndpoint): EndpointFields {
  const { secret: _, state: __, headers, authentication = NO_AUTHENTICATION, ...rest } = asked;
  return {
    ...rest,
    headerNames: headers && Object.keys(headers),
    authentication: shownOf(authentication),
    signature: asked.signature ?? 'standard',
    asymmetric: asked.asymmetric ?? false,
  };
}

/** The fields after a change: what it leaves out stays, what it has as null is gone. */
export function changedFields(before: EndpointRecord, patch: EndpointPatch): EndpointFields {
  const { authentication, headers, state: _, ...rest } = patch;
  const changed = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [name, value === null ? undefined : value]),
  );
  return {
    ...before,
    ...changed,
    ...(headers !== undefined && { headerNames: headers === null ? undefined : Object.keys(headers) }),
    ...(authentication && { authentication: shownOf(authentication) }),
  };
}
