import { expect, test } from 'vitest';
import { askedOf, settled, type Terms } from '../../src/planning/terms.ts';

const numbers = {
  value: 1_000n,
  bonus: 1_500n,
  flashFee: 30n,
  impact: 0n,
  later: 200n,
  gasCost: 110n,
  l1: 7n,
  tip: 5n,
  lossCost: 3n,
};
const terms: Terms = settled(numbers);

test('what pools take is the rest of the bonus; the net is value and later less gas, calldata, tip and chance of loss', () => {
  expect(terms).toEqual({ ...numbers, impact: 1_500n - 30n - 1_000n, net: 1_000n + 200n - 110n - 7n - 5n - 3n });
});

test('terms of a rehearsal that found another value and more gas', () => {
  const found = settled({ ...terms, value: 900n, gasCost: 150n });
  expect(found).toMatchObject({ impact: 570n, net: 900n + 200n - 150n - 7n - 5n - 3n });
});

test('floor: gas and least profit; budget: value and later less calldata, tip and least profit', () => {
  expect(askedOf(terms, 40n)).toEqual({
    floor: 110n + 40n,
    budget: 1_000n + 200n - 7n - 5n - 40n,
    refusal: undefined,
  });
});

test('a deal pays of the floor what it brings later, at most its own gas', () => {
  const paying = (later: bigint, gasCost: bigint) => askedOf(terms, 40n, [{ later, gasCost }]).floor;
  expect(paying(135n, 20n)).toBe(150n - 20n);
  expect(paying(20n, 135n)).toBe(150n - 20n);
  expect(paying(30n, 30n)).toBe(150n - 30n);
  // What is worth less than nothing later has to be earned now.
  expect(paying(-8n, 30n)).toBe(158n);
  const two = [
    { later: 135n, gasCost: 20n },
    { later: 10n, gasCost: 50n },
  ];
  expect(askedOf(terms, 40n, two).floor).toBe(150n - 30n);
});

test('a floor is never less than nothing', () => {
  expect(askedOf(terms, 0n, [{ later: 500n, gasCost: 300n }]).floor).toBe(0n);
  expect(askedOf(terms, 0n, [{ later: 500n, gasCost: 109n }]).floor).toBe(1n);
});

test('refused below the least profit, not at it', () => {
  expect(terms.net).toBe(1_075n);
  expect(askedOf(terms, 1_075n).refusal).toBeUndefined();
  expect(askedOf(terms, 1_076n).refusal).toBe('pays 1075 wei after gas, less than --min-profit');
});
