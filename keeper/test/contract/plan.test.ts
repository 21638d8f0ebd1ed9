import { maxUint128, maxUint256, padHex } from 'viem';
import { expect, test } from 'vitest';
import { executeData, packPlan } from '../../src/contract/pack.ts';
import { type Plan, readTally } from '../../src/contract/plan.ts';

const at = (byte: `0x${string}`) => padHex(byte, { size: 20 });
const hex = (text: string) => `0x${text.replaceAll(/\s/g, '')}`;
const zeros = (bytes: number) => '00'.repeat(bytes);
const [weth, usdc] = [at('0x11'), at('0x22')];

const plan: Plan = {
  validUntil: 1000n,
  floor: 2n,
  tip: 3n,
  weth: usdc,
  tokens: [
    { token: weth, price: 7n },
    { token: usdc, price: 8n },
  ],
  rounds: [
    {
      funding: 1,
      source: at('0x33'),
      debtToken: usdc,
      amount: 5n,
      maxPay: maxUint256,
      extra: '0xabcd',
      legs: [
        { protocol: 0, market: at('0x44'), borrower: at('0x55'), collateral: weth, repay: maxUint256, extra: '0xef' },
      ],
      swaps: [],
    },
    {
      funding: 0,
      source: at('0x00'),
      debtToken: usdc,
      amount: 0n,
      maxPay: 0n,
      extra: '0x',
      legs: [],
      swaps: [{ venue: 0, pool: at('0x66'), tokenIn: weth, tokenOut: usdc, amountIn: 9n, minOut: 6n, extra: '0x77' }],
    },
  ],
};

/** The same plan as `test_layout` of contracts/test/Encoding.t.sol. */
test('a plan is packed to the byte as the contract reads it', () => {
  const short = (address: string) => address.slice(2);
  const amount = (value: string) => zeros(16 - value.length / 2) + value;
  const all = 'ff'.repeat(16);
  expect(packPlan(plan)).toBe(
    hex(`
      00000003e8 ${zeros(11)}02 ${zeros(11)}03 01 02 02
      ${short(weth)} ${amount('07')} ${short(usdc)} ${amount('08')}
      010100 0002 ${short(at('0x33'))} 01 ${amount('05')} ${all} abcd
      00 0001 ${short(at('0x44'))} 02 ${short(at('0x55'))} ${all} ef
      000001 0000 ${zeros(20)} 01 ${amount('00')} ${amount('00')}
      00 0001 ${short(at('0x66'))} 02 01 ${amount('09')} ${amount('06')} 77
    `),
  );
});

test('a packed plan is the calldata behind the selector, and nothing else is', () => {
  expect(executeData('0xabcd')).toBe('0x10dbf67fabcd');
});

test('without a tip there is no token it would come out of', () => {
  expect(packPlan({ ...plan, tip: 0n, weth: at('0x99') }).slice(2 + 2 * 29, 2 + 2 * 30)).toBe('00');
});

test('a tip in a token that is not listed is refused', () => {
  expect(() => packPlan({ ...plan, weth: at('0x99') })).toThrow(/0x0+99, which is not among the plan's tokens/);
});

test('a token that is not listed has no number', () => {
  const [round] = plan.rounds;
  expect(() => packPlan({ ...plan, rounds: [{ ...round!, debtToken: at('0x99') }] })).toThrow(
    /a round borrows 0x0+99, which is not among the plan's tokens/,
  );
});

test('for ever is as long as there is room for', () => {
  expect(packPlan({ ...plan, validUntil: maxUint256 }).slice(2, 12)).toBe('ffffffffff');
});

test('an amount that does not fit is refused, not cut', () => {
  const [round] = plan.rounds;
  expect(() => packPlan({ ...plan, rounds: [{ ...round!, amount: maxUint128 + 1n }] })).toThrow(/not in safe|range/);
  expect(() => packPlan({ ...plan, floor: 2n ** 96n })).toThrow(/not in safe|range/);
});

test('the tally of a plan', () => {
  const word = (7n << 144n) | (6n << 32n) | (5n << 16n) | 4n;
  expect(readTally(word)).toEqual({ landed: 4, skipped: 5, tip: 6n, flashFee: 7n });
});
