import * as fc from 'fast-check';
import { itemText } from '../../../lambdas/webhooks/stores/item-text';
import { marshalled } from '../../../lambdas/webhooks/stores/table';

const text = fc.string({ unit: 'binary' });

test('an item is the same as text and as an object', () => {
  const attributes = fc.dictionary(
    text.filter((name) => !['pk', 'sk', '__proto__'].includes(name)),
    fc.oneof(text, fc.double(), fc.integer(), fc.constant(undefined)),
  );
  fc.assert(
    fc.property(text, text, attributes, (pk, sk, all) => {
      expect(JSON.parse(itemText({ pk, sk }, all))).toEqual(JSON.parse(JSON.stringify(marshalled({ pk, sk, ...all }))));
    }),
  );
});
