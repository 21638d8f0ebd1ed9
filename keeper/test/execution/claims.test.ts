import { expect, test } from 'vitest';
import { claimsInFlight, claimsOf } from '../../src/execution/claims.ts';
import { marketKey } from '../../src/store/key.ts';
import type { Sent } from '../../src/store/sent.ts';
import { address, claim, sentLeg } from './sent.ts';

const other = marketKey('compound-v3', address(0x901));

/** An absorb of two accounts and the purchase of what it brings, folded into one leg. */
const folded: Sent = {
  ...sentLeg(1),
  deals: [
    { id: 'absorb', market: other, kind: 'absorb', subjects: [], claims: [claim(5, other), claim(6, other)] },
    { id: 'buy', market: other, kind: 'buy', subjects: [], claims: [`${other}/stock/WETH`] },
  ],
};

test('what is on its way holds the claims of all deals of all of its legs, in every market', () => {
  const flights = [
    { about: { legs: [sentLeg(1), sentLeg(2), sentLeg(1, 1)] } },
    { about: { legs: [folded, sentLeg(1, 0, other)] } },
  ];
  expect([...claimsInFlight(flights)]).toEqual([
    claim(1),
    claim(2),
    claim(5, other),
    claim(6, other),
    `${other}/stock/WETH`,
    claim(1, other),
  ]);
  expect(claimsInFlight([]).size).toBe(0);
  expect([...claimsOf([sentLeg(3)])]).toEqual([claim(3)]);
});
