import { contracts } from '../../lambdas/routes';
import { client } from '../../lambdas/shared/http/client';

const need = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the end-to-end tests with jest`);
  return value;
};

/** The host that all end-to-end tests share (start-host.ts). */
export const gateway = {
  url: need('GATEHOUSE_URL'),
  /** Where it keeps its data and the logs of its functions. */
  data: need('GATEHOUSE_DATA'),
  password: need('GATEHOUSE_PASSWORD'),
  apiKey: need('GATEHOUSE_API_KEY'),
  /** The three commands that the start printed. */
  commands: need('GATEHOUSE_COMMANDS').split('\n'),
};

/** An access token of the example login of this role, e.g. viewer@acme.example. */
export async function tokenOf(
  role: string,
  { url, password }: { readonly url: string; readonly password: string } = gateway,
  domain = 'acme.example',
): Promise<string> {
  const username = `${role.replace('_', '-')}@${domain}`;
  const body = { grant_type: 'password', username, password };
  const { access_token } = await client(contracts.auth, { baseUrl: url }).issueToken({ body });
  return access_token;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** One raw request, its JSON answer parsed. */
export async function call(path: string, init: RequestInit = {}, baseUrl = gateway.url): Promise<Answer> {
  const response = await fetch(`${baseUrl}${path}`, init);
  const text = await response.text();
  const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text };
}

/** On a machine that is busy with other things Redis may be late: then an environment counts alone for a moment, and says so. */
export const isAlone = ({ headers }: Answer) => headers.get('x-ratelimit-mode') === 'degraded';

/** A GraphQL request as this bearer. */
export const graph = (token: string, query: string, variables = {}, baseUrl = gateway.url) =>
  call(
    '/graphql',
    {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    },
    baseUrl,
  );
