import { BlockList } from 'node:net';
import * as fc from 'fast-check';
import { canonicalRange, isRangeWithin } from '../../lambdas/keys/ranges';

test.each([
  ['192.0.2.1', '192.0.2.1/32'],
  ['192.0.2.77/24', '192.0.2.0/24'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['255.255.255.255/1', '128.0.0.0/1'],
  ['2001:DB8::1', '2001:db8::1/128'],
  ['2001:db8:0:0:1:0:0:1/127', '2001:db8:0:0:1::/127'],
  ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
  ['::/0', '::/0'],
  ['::1', '::1/128'],
  ['::ffff:192.0.2.77/120', '192.0.2.0/24'],
  ['::ffff:192.0.2.77', '192.0.2.77/32'],
  ['::ffff:0:0/95', '::fffe:0:0/95'],
  ['64:ff9b::192.0.2.33/128', '64:ff9b::c000:221/128'],
])('%s is kept as %s', (text, canonical) => {
  expect(canonicalRange(text)).toBe(canonical);
});

test.each([
  '',
  '/',
  '/24',
  '192.0.2.1/',
  '192.0.2.1/33',
  '192.0.2.1/-1',
  '192.0.2.1/024',
  '192.0.2.1/24/24',
  '192.0.2.1/2.4',
  '192.0.2',
  '192.0.2.256',
  '192.0.02.1',
  '0x7f.0.0.1',
  '3221225985',
  ' 192.0.2.1',
  '192.0.2.1\n',
  '192.0.2.1/ 24',
  '2001:db8::/129',
  '2001:db8:::1',
  'fe80::1%eth0',
  '[::1]',
  '::1/1e1',
  'example.com',
  '*',
  'localhost/8',
])('%p is no range', (text) => {
  expect(canonicalRange(text)).toBeUndefined();
});

const v4 = fc
  .tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }))
  .map(([address, bits]) => ({ address, bits, family: 'ipv4' as const }));
const v6 = fc
  .tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }))
  .map(([address, bits]) => ({ address, bits, family: 'ipv6' as const }));

test('a range keeps its meaning: the addresses it holds are those that the platform finds in it', () => {
  fc.assert(
    fc.property(fc.oneof(v4, v6), fc.ipV4(), fc.ipV6(), ({ address, bits, family }, four, six) => {
      const [meant, kept] = [new BlockList(), new BlockList()];
      meant.addSubnet(address, bits, family);
      const [network = '', length] = (canonicalRange(`${address}/${bits}`) ?? '').split('/');
      kept.addSubnet(network, Number(length), network.includes(':') ? 'ipv6' : 'ipv4');
      return (
        kept.check(address, family) &&
        (family === 'ipv6' || kept.check(four, 'ipv4') === meant.check(four, 'ipv4')) &&
        (family === 'ipv4' || network.includes('.') || kept.check(six, 'ipv6') === meant.check(six, 'ipv6'))
      );
    }),
    { numRuns: 2000 },
  );
});

test('a range in its one spelling is left as it is', () => {
  fc.assert(
    fc.property(fc.oneof(v4, v6), ({ address, bits }) => {
      const once = canonicalRange(`${address}/${bits}`) ?? '';
      return canonicalRange(once) === once;
    }),
  );
});

test('any text at all is a range or none, and never a fault', () => {
  const characters = fc.constantFrom(...'0123456789abcdef:./%[] -');
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: characters, maxLength: 30 })), (text) => {
      const range = canonicalRange(text);
      return range === undefined || canonicalRange(range) === range;
    }),
    { numRuns: 5000 },
  );
});

test.each([
  ['192.0.2.0/25', '192.0.2.0/24', true],
  ['192.0.2.0/24', '192.0.2.0/24', true],
  ['192.0.2.0/24', '192.0.2.0/25', false],
  ['198.51.100.0/24', '192.0.2.0/24', false],
  ['192.0.2.0/24', '0.0.0.0/0', true],
  ['192.0.2.0/24', '::/0', false],
  ['2001:db8::/48', '2001:db8::/32', true],
  ['2001:db9::/48', '2001:db8::/32', false],
])('whether %s lies within %s: %p', (inner, outer, answer) => {
  expect(isRangeWithin(inner, outer)).toBe(answer);
});
