import * as fc from 'fast-check';
import { isPublic, isPublicHost } from '../../../lambdas/shared/http/public-address';

test.each([
  ['ISATAP', '2600::5efe:8.8.8.8'],
  ['ISATAP with its universal bit', '2600::200:5efe:7f00:1'],
  ['ISATAP with its group bit', '2600:1:2:3:100:5efe:808:808'],
  ['ISATAP with both, in capitals', '2600:1:2:3:0300:5EFE:0808:0808'],
  ['NAT64', '64:ff9b::8.8.8.8'],
  ['NAT64 of a network', '64:ff9b:1::8.8.8.8'],
  ['6to4', '2002:808:808::1'],
  ['Teredo', '2001:0:808:808::1'],
  ['mapped', '::ffff:8.8.8.8'],
  ['translated', '::ffff:0:8.8.8.8'],
  ['compatible', '::8.8.8.8'],
  ['segment routing', '5f00::1'],
  ['of this site', 'fec0::1'],
  ['of one network', 'fd12:3456::1'],
  ['link-local with a zone', 'fe80::1%eth0'],
  ['public with a zone', '2606:4700::1111%eth0'],
  ["Azure's own", '168.63.129.16'],
  ["Oracle's metadata", '192.0.0.192'],
  ["Alibaba's metadata", '100.100.100.200'],
])('an address that is %s is not public: %s', (_, address) => {
  expect(isPublic(address)).toBe(false);
});

test.each(['2600:5efe::1', '2600::5eff:808:808', '2600::1:0:5efe:1', '2600::400:5efe:1:1', '168.63.129.17'])(
  '%s only looks like one of those',
  (address) => {
    expect(isPublic(address)).toBe(true);
  },
);

const group = fc.integer({ min: 0, max: 0xffff });
const hex = (value: number) => value.toString(16);

test('whatever IPv4 address an IPv6 one stands for, and under whatever prefix, it is not public', () => {
  const flags = fc.constantFrom('0', '100', '200', '300');
  fc.assert(
    fc.property(fc.ipV4(), fc.array(group, { minLength: 4, maxLength: 4 }), flags, (four, prefix, flag) => {
      const [a = 0, b = 0, c = 0, d = 0] = four.split('.').map(Number);
      const [high, low] = [hex(a * 256 + b), hex(c * 256 + d)];
      for (const address of [
        `::ffff:${four}`,
        `::${four}`,
        `::ffff:0:${four}`,
        `64:ff9b::${four}`,
        `2002:${high}:${low}::1`,
        `2001:0:${high}:${low}::`,
        `${prefix.map(hex).join(':')}:${flag}:5efe:${high}:${low}`,
      ])
        expect([address, isPublic(address)]).toEqual([address, false]);
    }),
  );
});

test('an address is judged alike in all of its spellings', () => {
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const long = groups.map((value) => hex(value).padStart(4, '0').toUpperCase()).join(':');
      const short = new URL(`http://[${long}]`).hostname.slice(1, -1);
      expect(isPublic(long)).toBe(isPublic(short));
      expect(isPublicHost(`[${short}]`)).toBe(isPublic(short));
    }),
  );
});

test.each([
  'localhost',
  'localhost.',
  'LOCALHOST',
  'a.localhost',
  'printer.local',
  'db.internal',
  'metadata.google.internal',
  'instance-data.ec2.internal',
  'router.home.arpa',
  'nas.lan',
  'intranet',
  'instance-data',
  'com',
  '[::1]',
  '10.0.0.1',
])('the host %s is of no public place', (host) => {
  expect(isPublicHost(host)).toBe(false);
});

test.each(['example.com', 'example.com.', 'localhost.example.com', 'internal.example.com', 'mylocal.com', '8.8.8.8'])(
  'the host %s may be',
  (host) => {
    expect(isPublicHost(host)).toBe(true);
  },
);
