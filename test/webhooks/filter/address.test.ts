import { BlockList, isIP } from 'node:net';
import * as fc from 'fast-check';
import { isWithin, rangeOf } from '../../../lambdas/webhooks/filter/address';

const v4 = fc.ipV4();
const v6 = fc.ipV6();
const shortened = fc
  .tuple(
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 4 }),
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 3 }),
  )
  .map(
    ([head, tail]) =>
      `${head.map((group) => group.toString(16)).join(':')}::${tail.map((group) => group.toString(16)).join(':')}`,
  );

const isMapped = (address: string) => {
  const list = new BlockList();
  list.addSubnet('::ffff:0:0', 96, 'ipv6');
  return list.check(address, 'ipv6');
};

test.each([
  ['IPv4', v4, 32, 'ipv4'],
  ['IPv6', fc.oneof(v6, shortened).filter((address) => isIP(address) === 6 && !isMapped(address)), 128, 'ipv6'],
] as const)('a range of %s holds the addresses that a block list of it holds', (_, addresses, bits, family) => {
  fc.assert(
    fc.property(addresses, addresses, fc.integer({ min: 0, max: bits }), (network, other, length) => {
      const list = new BlockList();
      list.addSubnet(network, length, family);
      const range = rangeOf(`${network}/${length}`);
      for (const address of [network, other])
        expect([address, range && isWithin(address, range)]).toEqual([address, list.check(address, family)]);
    }),
    { numRuns: 1_000 },
  );
});

test('an address of IPv4 is the same inside IPv6, in an event and in a range', () => {
  fc.assert(
    fc.property(v4, fc.integer({ min: 0, max: 32 }), v4, (network, length, address) => {
      const plain = rangeOf(`${network}/${length}`);
      const inside = rangeOf(`::ffff:${network}/${length + 96}`);
      expect(inside).toEqual(plain);
      expect(plain && isWithin(`::ffff:${address}`, plain)).toBe(plain && isWithin(address, plain));
    }),
  );
});

test.each(['', '10.0.0.0/', '10.0.0.0/033', '10.0.0.0/-1', '10.0.0.0/8/8', '10.0.0/8', '::/129', 'x', 'fe80::1%eth0'])(
  '%j is no range',
  (text) => {
    expect(rangeOf(text)).toBeUndefined();
  },
);
