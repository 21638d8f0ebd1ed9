import { readFileSync } from 'node:fs';
import { concatHex, type Hex, maxUint256, padHex, size, slice } from 'viem';
import { describe, expect, test } from 'vitest';
import { executeData, packPlan } from '../../src/contract/pack.ts';
import { FUNDING, nameOf, type Plan, PROTOCOL, VENUE } from '../../src/contract/plan.ts';
import { packedIn, unpackPlan } from '../../src/contract/unpack.ts';
import { random } from '../book/random.ts';
import { randomPlan } from './random-plan.ts';

test('a plan that was packed is read as it was, whatever is in it', () => {
  const seen = { rounds: 0, legs: 0, swaps: 0, tips: 0, extras: 0 };
  for (let seed = 1; seed <= 500; seed++) {
    const plan = randomPlan(random(seed));
    const calldata = executeData(packPlan(plan));
    expect(unpackPlan(packedIn(calldata)), `seed ${seed}`).toEqual(plan);
    seen.tips += plan.tip > 0n ? 1 : 0;
    for (const { legs, swaps, extra } of plan.rounds) {
      seen.rounds += 1;
      seen.legs += legs.length;
      seen.swaps += swaps.length;
      seen.extras += [extra, ...legs.map((leg) => leg.extra), ...swaps.map((swap) => swap.extra)].filter(
        (each) => each !== '0x',
      ).length;
    }
  }
  expect(seen.rounds).toBeGreaterThan(1_000);
  expect(seen.legs).toBeGreaterThan(6_000);
  expect(seen.swaps).toBeGreaterThan(2_000);
  expect(seen.tips).toBeGreaterThan(150);
  expect(seen.extras).toBeGreaterThan(4_000);
});

const TOKEN = padHex('0x11', { size: 20 });
const plan: Plan = {
  validUntil: maxUint256,
  floor: 2n,
  tip: 0n,
  weth: TOKEN,
  tokens: [{ token: TOKEN, price: 7n }],
  rounds: [
    {
      funding: FUNDING.morpho,
      source: TOKEN,
      debtToken: TOKEN,
      amount: 5n,
      maxPay: 6n,
      extra: '0xab',
      legs: [{ protocol: PROTOCOL.dex223, market: TOKEN, borrower: TOKEN, collateral: TOKEN, repay: 8n, extra: '0x' }],
      swaps: [
        { venue: VENUE.weth, pool: TOKEN, tokenIn: TOKEN, tokenOut: TOKEN, amountIn: 9n, minOut: 1n, extra: '0xcd' },
      ],
    },
  ],
};
const packed = packPlan(plan);
/** Where the parts of that plan start, in bytes. */
const [WETH, ROUND, LEG, SWAP] = [29, 32 + 36, 32 + 36 + 58 + 1, 32 + 36 + 58 + 1 + 60];

/** The plan with another byte at one place. */
const withByte = (at: number, byte: Hex) => concatHex([slice(packed, 0, at), byte, slice(packed, at + 1)]);

describe('what is no plan is refused in one line', () => {
  test('cut short anywhere', () => {
    expect(() => unpackPlan('0x')).toThrow(/^the plan is cut short: it has 0 bytes and goes on to 5 at least$/);
    for (let bytes = 1; bytes < size(packed); bytes++)
      expect(() => unpackPlan(slice(packed, 0, bytes))).toThrow(`the plan is cut short: it has ${bytes} bytes`);
  });

  test('something behind it', () => {
    expect(() => unpackPlan(concatHex([packed, '0x0000']))).toThrow(
      `the plan ends after ${size(packed)} bytes, and there are ${size(packed) + 2}`,
    );
  });

  test.each([
    ['a funding', ROUND, '0x09', 'no plan: there is no funding 9'],
    ['a protocol', LEG, '0x04', 'no plan: there is no protocol 4'],
    ['a venue', SWAP, '0x05', 'no plan: there is no venue 5'],
    ['the token of a round', ROUND + 25, '0x00', 'no plan: a round names token 0 of 1'],
    ['the token of a leg', LEG + 23, '0x02', 'no plan: a leg names token 2 of 1'],
    ['a token of a swap', SWAP + 24, '0xff', 'no plan: a swap names token 255 of 1'],
    ['the token of the tip', WETH, '0x02', 'no plan: the tip names token 2 of 1'],
  ] as const)('%s that there is not', (_, at, byte, message) => {
    expect(() => unpackPlan(withByte(at, byte))).toThrow(message);
  });

  test('calldata of another function', () => {
    expect(() => packedIn('0xa9059cbb00')).toThrow(
      "calldata of 0xa9059cbb, not of the Liquidator's execute (0x10dbf67f)",
    );
  });
});

test('the selector is known in capitals too', () => {
  expect(packedIn('0x10DBF67FAB')).toBe('0xAB');
});

test('the enums are those of the contract, in its order', () => {
  const solidity = readFileSync(new URL('../../../contracts/interfaces/ILiquidator.sol', import.meta.url), 'utf8');
  const membersOf = (name: string) =>
    new RegExp(`enum ${name} \\{([^}]*)\\}`)
      .exec(solidity)![1]!
      .split(',')
      .map((member) => member.trim().replace(/^./, (first) => first.toLowerCase()));
  for (const [name, members] of Object.entries({ Protocol: PROTOCOL, Funding: FUNDING, Venue: VENUE })) {
    const wanted = membersOf(name);
    expect(wanted.map((_, number) => nameOf(members, number))).toEqual(wanted);
    expect(nameOf(members, wanted.length)).toBeUndefined();
  }
});
