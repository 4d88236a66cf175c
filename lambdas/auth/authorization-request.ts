import * as z from 'zod/mini';
import type { Client, Clients } from './clients';
import { isText } from './fields';
import { isRegistered } from './redirect';

/** A request that a sign-in can answer with a code. */
export interface Authorization {
  readonly client: Client;
  readonly redirectUri: string;
  readonly state: string | undefined;
  readonly codeChallenge: string;
  readonly organisation: string | undefined;
  readonly workspace: string | undefined;
}

/** What a person is told where there is nobody to send them back to; what the client is told otherwise. */
export type Parsed =
  | { readonly ok: true; readonly authorization: Authorization }
  | { readonly ok: false; readonly problem: string }
  | {
      readonly ok: false;
      readonly redirectUri: string;
      readonly state: string | undefined;
      readonly error: string;
      readonly detail: string;
    };

const Short = z.string().check(z.minLength(1), z.maxLength(2000), z.refine(isText));
const Choice = z.object({ organisation: z.optional(z.uuid()), workspace: z.optional(z.uuid()) });
/** The digest of RFC 7636 section 4.2 in base64url. */
const CHALLENGE = /^[\w-]{43}$/;

/**
 * Parses an authorization request. Until client and redirect_uri are known to belong together nobody is sent anywhere
 * (RFC 6749 section 4.1.2.1). Parameters that are not known are ignored (section 3.1).
 */
export async function parseAuthorization(parameters: URLSearchParams, clients: Clients): Promise<Parsed> {
  const twice = [...new Set(parameters.keys())].filter((name) => parameters.getAll(name).length > 1);
  const text = (name: string) => {
    const parsed = Short.safeParse(parameters.get(name));
    return parsed.success && !twice.includes(name) ? parsed.data : undefined;
  };
  const [clientId, redirectUri] = [text('client_id'), text('redirect_uri')];
  const client = clientId === undefined ? undefined : await clients.find(clientId);
  if (!client) return { ok: false, problem: 'The program that sent you here is not known.' };
  if (redirectUri === undefined || !isRegistered(client.redirectUris, redirectUri))
    return { ok: false, problem: 'The program that sent you here named an address that is not registered for it.' };

  const state = text('state');
  const refused = (error: string, detail: string): Parsed => ({ ok: false, redirectUri, state, error, detail });
  if (twice.length > 0) return refused('invalid_request', 'a parameter is given more than once');
  if (parameters.has('state') && state === undefined) return refused('invalid_request', 'state is not valid');
  const type = text('response_type');
  if (type === undefined) return refused('invalid_request', 'response_type is needed');
  if (type !== 'code') return refused('unsupported_response_type', 'response_type must be code');
  const codeChallenge = text('code_challenge');
  if (codeChallenge === undefined || !CHALLENGE.test(codeChallenge) || text('code_challenge_method') !== 'S256')
    return refused('invalid_request', 'code_challenge is needed, with code_challenge_method S256');
  const choice = Choice.safeParse({ organisation: text('organisation'), workspace: text('workspace') });
  if (!choice.success) return refused('invalid_request', 'organisation and workspace must be UUIDs');
  const organisation = client.organisation ?? choice.data.organisation;
  // A client is of one organisation: nobody of another signs in to it.
  if ((choice.data.organisation ?? organisation) !== organisation)
    return refused('invalid_request', 'this client belongs to another organisation');
  const { workspace } = choice.data;
  return { ok: true, authorization: { client, redirectUri, state, codeChallenge, organisation, workspace } };
}
