import { openPoster, type PosterOptions } from '../../../lambdas/webhooks/post/poster';
import type { Resolve } from '../../../lambdas/webhooks/post/resolve';
import type { TargetPolicy } from '../../../lambdas/webhooks/post/target';
import { certificateFor, http, https, raw, stopAll } from './receivers';

const NAME = 'hooks.example.com';
let certificate: Awaited<ReturnType<typeof certificateFor>>;
beforeAll(async () => {
  certificate = await certificateFor(NAME);
});
afterEach(stopAll);

const anywhere: TargetPolicy = { http: true, privateTargets: true, ports: 'any' };
const outside: TargetPolicy = { ...anywhere, privateTargets: false };
const at =
  (...addresses: readonly string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

const missing: Resolve = () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));

/** Sends one after the other by one poster. */
async function sent(url: string, options: PosterOptions, { times = 1, policy = anywhere } = {}) {
  const poster = openPoster(options);
  const outcomes = [];
  for (let turn = 0; turn < times; turn += 1)
    outcomes.push(await poster.post({ url, headers: { 'webhook-id': 'evt_1' }, body: '{}', timeoutMs: 2000, policy }));
  poster.close();
  return outcomes;
}

describe('over TLS', () => {
  test('the name is shown, its certificate checked, and what it took is told', async () => {
    let servername: unknown;
    const { port, connections } = await https(certificate, (request, response) => {
      servername = Reflect.get(request.socket, 'servername');
      response.end('ok');
    });
    const [first, second] = await sent(
      `https://${NAME}:${port}/`,
      { ca: certificate.ca, resolve: at('127.0.0.1') },
      { times: 2 },
    );
    expect(servername).toBe(NAME);
    expect(first).toMatchObject({ status: 200, body: 'ok', address: '127.0.0.1' });
    expect(Object.keys(first?.times ?? {}).toSorted()).toEqual([
      'connectMs',
      'dnsMs',
      'firstByteMs',
      'tlsMs',
      'totalMs',
    ]);
    expect(Object.keys(second?.times ?? {}).toSorted()).toEqual(['firstByteMs', 'totalMs']);
    expect(connections()).toBe(1);
  });

  test('a handshake goes on from the session before', async () => {
    const reused: boolean[] = [];
    const { port } = await https(certificate, (request, response) => {
      const { socket } = request;
      if ('isSessionReused' in socket && typeof socket.isSessionReused === 'function')
        reused.push(socket.isSessionReused());
      response.writeHead(200, { connection: 'close' }).end();
    });
    const options = { ca: certificate.ca, resolve: at('127.0.0.1') };
    const outcomes = await sent(`https://${NAME}:${port}/`, options, { times: 3 });
    expect(outcomes.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(reused).toEqual([false, true, true]);
  });

  test.each([
    ['of an authority that nobody knows', NAME, false, /^TLS failed \((SELF_SIGNED|UNABLE_TO|DEPTH)[A-Z_]*\)$/],
    ['for another name', 'other.example.com', true, /^TLS failed \(ERR_TLS_CERT_ALTNAME_INVALID\)$/],
    ['for a name, where an address was called', '127.0.0.1', true, /^TLS failed \(ERR_TLS_CERT_ALTNAME_INVALID\)$/],
  ])('a certificate %s ends the attempt before anything is sent', async (_, host, isKnown, detail) => {
    let requests = 0;
    const { port } = await https(certificate, () => (requests += 1));
    const options = { resolve: at('127.0.0.1'), ...(isKnown && { ca: certificate.ca }) };
    const [outcome] = await sent(`https://${host}:${port}/`, options);
    expect(outcome?.error).toEqual({ class: 'tls', detail: expect.stringMatching(detail) });
    expect(requests).toBe(0);
  });

  test('a server without TLS, one that hangs and one that hangs up are told apart', async () => {
    const plain = await http((_, response) => response.end());
    const mute = await raw(() => undefined);
    const rude = await raw((socket) => socket.destroy());
    const kinds = [];
    for (const { port } of [plain, mute, rude]) {
      const poster = openPoster({ resolve: at('127.0.0.1') });
      const url = `https://${NAME}:${port}/`;
      const { error } = await poster.post({ url, headers: {}, body: '', timeoutMs: 1000, policy: anywhere });
      kinds.push(error?.class);
      poster.close();
    }
    expect(kinds).toEqual(['tls', 'timeout', 'tls']);
  });
});

describe('names', () => {
  test('a name that does not resolve, or not in time, is a fault of its own', async () => {
    const [none] = await sent('https://hooks.example.com/', { resolve: missing });
    expect(none?.error).toEqual({ class: 'dns', detail: 'the name does not resolve (ENOTFOUND)' });
    const [empty] = await sent('https://hooks.example.com/', { resolve: at() });
    expect(empty?.error).toEqual({ class: 'dns', detail: 'the name has no address' });
    const poster = openPoster({ resolve: () => new Promise(() => undefined) });
    const request = { url: 'https://hooks.example.com/', headers: {}, body: '', timeoutMs: 100, policy: anywhere };
    expect((await poster.post(request)).error?.class).toBe('timeout');
  });

  test('where one address does not answer the next is tried', async () => {
    const { port } = await http((_, response) => response.end(), '127.0.0.3');
    const [outcome] = await sent(`http://${NAME}:${port}/`, { resolve: at('127.0.0.2', '::1', '127.0.0.3') });
    expect(outcome).toMatchObject({ status: 200, address: '127.0.0.3' });
  });

  test.each([
    ['a private address', ['10.0.0.1']],
    ['a private address among public ones', ['93.184.216.34', '127.0.0.1']],
    ['a private address of the other family', ['93.184.216.34', 'fd00::1']],
    ['the loopback, mapped', ['::ffff:127.0.0.1']],
    ['metadata', ['169.254.169.254']],
    ['an address of NAT64', ['64:ff9b::808:808']],
    ['an address of ISATAP', ['2600::5efe:7f00:1']],
    ['an address with a zone', ['2600::1%lo']],
    ['no address', ['not an address']],
  ])('a name that leads to %s is refused', async (_, addresses) => {
    const [outcome] = await sent('https://hooks.example.com/', { resolve: at(...addresses) }, { policy: outside });
    expect(outcome?.error).toEqual({ class: 'refused_address', detail: 'has an address that is not public' });
    expect(outcome?.address).toBeUndefined();
  });

  test('a name that turns private between two looks is asked once for a connection, and refused at the next', async () => {
    const { port, connections } = await http((_, response) => response.end());
    let asked = 0;
    // Of the Internet, and given to nobody.
    const rebinding: Resolve = async () => {
      asked += 1;
      return [asked === 1 ? { address: '2000::1', family: 6 } : { address: '127.0.0.1', family: 4 }];
    };
    const poster = openPoster({ resolve: rebinding });
    const post = () =>
      poster.post({ url: `http://${NAME}:${port}/`, headers: {}, body: '', timeoutMs: 300, policy: outside });
    const first = await post();
    expect(asked).toBe(1);
    expect(first.status).toBeUndefined();
    expect(['timeout', 'connect']).toContain(first.error?.class);
    expect((await post()).error?.class).toBe('refused_address');
    expect(asked).toBe(2);
    expect(connections()).toBe(0);
    poster.close();
  });

  test('a kept connection stays with the address that was looked at, whatever the name says now', async () => {
    const before = await http((_, response) => response.end('before'));
    let asked = 0;
    const rebinding: Resolve = async () => [{ address: (asked += 1) === 1 ? '127.0.0.1' : '127.0.0.9', family: 4 }];
    const outcomes = await sent(`http://${NAME}:${before.port}/`, { resolve: rebinding }, { times: 3 });
    expect(outcomes.map(({ body, address }) => [body, address])).toEqual(outcomes.map(() => ['before', '127.0.0.1']));
    expect(asked).toBe(1);
  });

  test('a connection made where targets may be private serves nobody else', async () => {
    const { port, connections } = await http((_, response) => response.end());
    const poster = openPoster({ resolve: at('127.0.0.1') });
    const request = { url: `http://${NAME}:${port}/`, headers: {}, body: '' };
    expect((await poster.post({ ...request, policy: anywhere })).status).toBe(200);
    expect((await poster.post({ ...request, policy: outside })).error?.class).toBe('refused_address');
    expect(connections()).toBe(1);
    poster.close();
  });
});

test('an address that is refused is never connected to, nor looked up', async () => {
  const { port, connections } = await http((_, response) => response.end());
  let asked = 0;
  const resolve: Resolve = async () => [{ address: '127.0.0.1', family: (asked += 1) * 4 }];
  for (const url of [`http://127.0.0.1:${port}/`, `http://localhost:${port}/`, `http://[::1]:${port}/`, 'nonsense'])
    expect(await sent(url, { resolve }, { policy: outside })).toMatchObject([{ error: { class: 'refused_address' } }]);
  expect(connections()).toBe(0);
  expect(asked).toBe(0);
});
