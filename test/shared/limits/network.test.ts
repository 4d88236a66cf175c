import { BlockList } from 'node:net';
import * as fc from 'fast-check';
import { addressBits, rangeBits } from '../../../lambdas/shared/limits/network';

const v4 = fc.ipV4();
const v6 = fc.ipV6().filter((address) => !address.includes('.'));

test.each([
  ['IPv4', v4, 32, 'ipv4'],
  ['IPv6', v6, 128, 'ipv6'],
] as const)('a range of %s holds the addresses that a block list of it holds', (_, addresses, bits, family) => {
  fc.assert(
    fc.property(addresses, addresses, fc.integer({ min: 0, max: bits }), (network, other, length) => {
      const list = new BlockList();
      list.addSubnet(network, length, family);
      for (const address of [network, other])
        expect(addressBits(address).startsWith(rangeBits(`${network}/${length}`))).toBe(list.check(address, family));
    }),
  );
});

test('every address has 128 digits, and IPv4 inside IPv6 those of IPv4', () => {
  fc.assert(fc.property(fc.oneof(v4, v6), (address) => expect(addressBits(address)).toMatch(/^[01]{128}$/)));
  expect(addressBits('::ffff:192.0.2.7')).toBe(addressBits('192.0.2.7'));
});
