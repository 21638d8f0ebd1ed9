import { getAddress, type Hex, maxUint256, toHex, zeroAddress } from 'viem';
import { FUNDING, type Leg, type Plan, PROTOCOL, type Round, type Swap, VENUE } from '../../src/contract/plan.ts';
import type { Random } from '../book/random.ts';

/** A plan with anything in it that fits: no token twice, `weth` only with a tip, as a plan that was packed has it. */
export function randomPlan({ next, below, among: any }: Random): Plan {
  const bytes = (count: number) => toHex(Uint8Array.from({ length: count }, () => below(256)));
  const address = () => getAddress(bytes(20));
  const number = (count: number) => any([0n, 1n, 2n ** BigInt(8 * count) - 2n, BigInt(bytes(count))]);
  const orAll = () => any([number(16), maxUint256]);
  const extra = (): Hex => (next() < 0.5 ? '0x' : bytes(below(300)));
  const some = <T>(most: number, make: () => T) => Array.from({ length: below(most + 1) }, make);

  const tokens = Array.from({ length: 1 + below(9) }, () => ({ token: address(), price: number(16) }));
  const native = { token: zeroAddress, price: 10n ** 18n };
  if (next() < 0.3) tokens[below(tokens.length)] = native;
  const token = () => any(tokens).token;
  const leg = (): Leg => ({
    protocol: any(Object.values(PROTOCOL)),
    market: address(),
    borrower: address(),
    collateral: token(),
    repay: orAll(),
    extra: extra(),
  });
  const swap = (): Swap => ({
    venue: any(Object.values(VENUE)),
    pool: address(),
    tokenIn: token(),
    tokenOut: token(),
    amountIn: orAll(),
    minOut: number(16),
    extra: extra(),
  });
  const round = (): Round => ({
    funding: any(Object.values(FUNDING)),
    source: address(),
    debtToken: token(),
    amount: number(16),
    maxPay: orAll(),
    extra: extra(),
    legs: some(12, leg),
    swaps: some(4, swap),
  });
  const tip = any([0n, number(12)]);
  const validUntil = any([number(5), 2n ** 40n - 1n]);
  return {
    validUntil,
    floor: number(12),
    tip,
    weth: tip === 0n ? zeroAddress : token(),
    tokens,
    rounds: some(5, round),
  };
}
