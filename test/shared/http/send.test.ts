import { type BinaryLike, createHash, createHmac } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { SignatureV4 } from '@smithy/signature-v4';
import { type Message, openSend, sign } from '../../../lambdas/shared/http/send';
import { listen, type TestServer } from '../../support/http';

const identity = {
  region: 'eu-west-1',
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'session/token+of==role',
};
const QUERY = '{"query":"{ products { name } }"}';
const message = (url: string, other: Partial<Message> = {}): Message => ({
  subgraph: 'products',
  url,
  body: QUERY,
  requestId: 'request-12345678',
  repeatable: true,
  ...other,
});

const sendTo = (url: string) => openSend({ identity, signedUrls: [url], privateTargets: true });

const servers: TestServer[] = [];
async function start(...listener: Parameters<typeof listen>) {
  const server = await listen(...listener);
  servers.push(server);
  return server.url;
}
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));

/** SHA-256 in the form that the AWS SDK's signer takes. */
class Sha256 {
  private readonly hash;
  constructor(secret?: unknown) {
    this.hash = isKey(secret) ? createHmac('sha256', secret) : createHash('sha256');
  }
  update(data: Uint8Array | string) {
    this.hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.hash.digest());
  }
}
const isKey = (secret: unknown): secret is BinaryLike => secret !== undefined;

/** Spaces between the parts of the header mean nothing. */
const parts = (authorization = '') => authorization.split(/,\s*/);

test.each([
  ['a session token', identity, QUERY],
  ['no session token', { ...identity, sessionToken: undefined }, QUERY],
  ['a body beyond ASCII', identity, '{"query":"{ product(id: \\"é—日本\\") { name } }"}'],
])("the signature with %s is the AWS SDK's own", async (_, who, body) => {
  const url = 'https://abc123.lambda-url.eu-west-1.on.aws/';
  const headers: Readonly<Record<string, string>> = sign(message(url, { body }), who);
  const date = headers['x-amz-date'] ?? '';
  const signer = new SignatureV4({
    service: 'lambda',
    region: who.region,
    credentials: {
      accessKeyId: who.accessKeyId,
      secretAccessKey: who.secretAccessKey,
      ...(who.sessionToken !== undefined && { sessionToken: who.sessionToken }),
    },
    sha256: Sha256,
    applyChecksum: false,
  });
  const host = new URL(url).host;
  const expected = await signer.sign(
    {
      method: 'POST',
      protocol: 'https:',
      hostname: host,
      path: '/',
      headers: { host, 'x-request-id': 'request-12345678' },
      body,
    },
    { signingDate: new Date(date.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z')) },
  );
  expect(parts(headers.authorization)).toEqual(parts(expected.headers.authorization));
});

test('a subgraph is sent the signed request and the request id, and no header more', async () => {
  const seen: unknown[] = [];
  const url = await start(async (request, response) => {
    seen.push(Object.keys(request.headers).toSorted(), request.headers['x-request-id'], await text(request));
    response.end('{"data":{}}');
  });
  expect(await sendTo(url)(message(url))).toEqual({ data: {} });
  const names = ['authorization', 'connection', 'content-length', 'content-type', 'host'];
  expect(seen).toEqual([[...names, 'x-amz-date', 'x-amz-security-token', 'x-request-id'], 'request-12345678', QUERY]);
});

test('calls one after another share their connections', async () => {
  const ports = new Set<number | undefined>();
  const url = await start((request, response) => {
    ports.add(request.socket.remotePort);
    response.end('{}');
  });
  const send = sendTo(url);
  for (let call = 0; call < 5; call += 1) await send(message(url));
  // The next call may be sent before the connection of the one before counts as free.
  expect(ports.size).toBeLessThan(3);
});

/** Closes the kept connection at the second request, as a subgraph does to a function that was frozen meanwhile. */
async function forgetful() {
  const counts = { requests: 0 };
  const url = await start((request, response) => {
    counts.requests += 1;
    if (counts.requests === 2) request.socket.destroy();
    else response.end('{"data":{"n":1}}');
  });
  return { url, counts };
}

test('a query whose kept connection was closed meanwhile is sent once more', async () => {
  const { url, counts } = await forgetful();
  const send = sendTo(url);
  await send(message(url));
  expect(await send(message(url))).toEqual({ data: { n: 1 } });
  expect(counts.requests).toBe(3);
});

test('a mutation is never sent twice', async () => {
  const { url, counts } = await forgetful();
  const send = sendTo(url);
  await send(message(url));
  await expect(send(message(url, { repeatable: false }))).rejects.toThrow();
  expect(counts.requests).toBe(2);
});

test('an answer that does not come in time is given up', async () => {
  const url = await start(() => undefined);
  await expect(sendTo(url)(message(url, { timeoutMs: 50 }))).rejects.toThrow(/timeout/);
});

test.each([
  [2_048, 2_048, 'answered'],
  [2_049, 2_048, 'the answer is too long'],
])('of %d bytes where there may be %d: %s', async (bytes, maxAnswerBytes, result) => {
  // Two bytes a letter: bytes are counted, not characters.
  const answer = `"${'é'.repeat((bytes - 2) / 2)}${bytes % 2 === 0 ? '' : 'e'}"`;
  const url = await start((_, response) => response.end(answer));
  const sent = sendTo(url)(message(url, { maxAnswerBytes })).then(
    () => 'answered',
    (error: unknown) => Object(error).message,
  );
  expect(await sent).toBe(result);
});

test('what goes along never takes the place of what the gateway says itself', async () => {
  const seen: unknown[] = [];
  const url = await start((request, response) => {
    seen.push(request.headers['x-tenant'], request.headers['x-request-id'], request.headers['content-type']);
    response.end('{}');
  });
  await sendTo(url)(message(url, { headers: { 'x-tenant': 'acme', 'x-request-id': 'no', 'content-type': 'no' } }));
  expect(seen).toEqual(['acme', 'request-12345678', 'application/json']);
});

test.each([403, 500, 302])('an answer of %d is a failure that says so', async (status) => {
  const url = await start((_, response) => response.writeHead(status, { location: '/' }).end('{}'));
  await expect(sendTo(url)(message(url))).rejects.toThrow(`answered ${status}`);
});
