import { createSocket, type Socket } from 'node:dgram';
import { addressesOf, resolveByServers } from '../../../lambdas/webhooks/post/resolve';

const TYPES = { 1: 'A', 28: 'AAAA' } as const;
const CODES = { ok: 0, failed: 2, unknown: 3 } as const;
interface Zone {
  readonly A?: readonly number[][];
  readonly AAAA?: readonly number[][];
  readonly code?: keyof typeof CODES;
  readonly silentFor?: 'A' | 'AAAA';
}

/** A name server (RFC 1035 section 4) that knows one zone. */
let server: Socket;
let zone: Zone = {};
let address = '';
beforeAll(async () => {
  server = createSocket('udp4').on('message', (question, { port, address: asker }) => {
    const end = question.indexOf(0, 12) + 5;
    const type = question.readUInt16BE(end - 4);
    const name = type === 1 || type === 28 ? TYPES[type] : 'A';
    if (zone.silentFor === name) return;
    const records = zone[name] ?? [];
    const head = Buffer.alloc(12);
    question.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180 | CODES[zone.code ?? 'ok'], 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    const answers = records.map((bytes) =>
      Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, bytes.length, ...bytes]),
    );
    server.send(Buffer.concat([head, question.subarray(12, end), ...answers]), port, asker);
  });
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${server.address().port}`;
});
afterAll(() => server.close());

const ONE = [8, 8, 8, 8];
const SIX = [0x26, 6, 0x47, 0, ...Array.from({ length: 11 }, () => 0), 1];
const looked = () => addressesOf('hooks.example.com', resolveByServers([address]));

test.each<[string, Zone, readonly string[]]>([
  ['both families', { A: [ONE, [127, 0, 0, 1]], AAAA: [SIX] }, ['8.8.8.8', '127.0.0.1', '2606:4700::1']],
  ['IPv4 alone', { A: [ONE] }, ['8.8.8.8']],
  ['IPv6 alone', { AAAA: [SIX] }, ['2606:4700::1']],
])('of a name with %s all addresses are found', async (_, is, expected) => {
  zone = is;
  expect((await looked()).map((one) => one.address).toSorted()).toEqual(expected.toSorted());
});

test('where the servers are silent about one family, the other is enough', async () => {
  zone = { A: [ONE], silentFor: 'AAAA' };
  expect(await looked()).toEqual([{ address: '8.8.8.8', family: 4 }]);
}, 30_000);

test.each<[string, Zone, string]>([
  ['is not known', { code: 'unknown' }, 'the name does not resolve (ENOTFOUND)'],
  ['has no address', {}, 'the name does not resolve (ENODATA)'],
  ['has servers that fail', { code: 'failed' }, 'the name does not resolve (ESERVFAIL)'],
])('a name that %s is a fault that says so', async (_, is, message) => {
  zone = is;
  await expect(looked()).rejects.toMatchObject({ kind: 'dns', message });
});
