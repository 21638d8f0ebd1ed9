import { type Address, concatHex, getAbiItem, type Hex, maxUint256, numberToHex, size, toFunctionSelector } from 'viem';
import { liquidatorAbi } from '../bindings.ts';
import type { Leg, Plan, Round, Swap } from './plan.ts';

/** The largest number of five bytes stands for "for ever", and the largest of sixteen for "as much as there is". */
const MAX_UINT40 = 2n ** 40n - 1n;
export const MAX_UINT128 = 2n ** 128n - 1n;

/**
 * A plan as `execute` takes it, in the layout that ILiquidator.sol gives.
 * @throws viem's IntegerOutOfRangeError when a number does not fit; an Error when a token is named that is not listed
 * @example
 * executeData(packPlan(plan)); // the calldata
 */
export function packPlan(plan: Plan): Hex {
  const { validUntil, floor, tip, weth, tokens, rounds } = plan;
  return concatHex([
    uint(validUntil < MAX_UINT40 ? validUntil : MAX_UINT40, 5),
    uint(floor, 12),
    uint(tip, 12),
    tip === 0n ? uint(0, 1) : number(tokens, weth, 'a tip is paid out of'),
    uint(tokens.length, 1),
    uint(rounds.length, 1),
    ...tokens.flatMap(({ token, price }) => [token, uint(price, 16)]),
    ...rounds.map((round) => packRound(round, tokens)),
  ]);
}

function packRound(round: Round, tokens: Plan['tokens']): Hex {
  const { funding, source, debtToken, amount, maxPay, extra, legs, swaps } = round;
  return concatHex([
    uint(funding, 1),
    uint(legs.length, 1),
    uint(swaps.length, 1),
    uint(size(extra), 2),
    source,
    number(tokens, debtToken, 'a round borrows'),
    uint(amount, 16),
    most(maxPay),
    extra,
    ...legs.map((leg) => packLeg(leg, tokens)),
    ...swaps.map((swap) => packSwap(swap, tokens)),
  ]);
}

function packLeg({ protocol, market, borrower, collateral, repay, extra }: Leg, tokens: Plan['tokens']): Hex {
  const head = [uint(protocol, 1), uint(size(extra), 2), market, number(tokens, collateral, 'a leg seizes')];
  return concatHex([...head, borrower, most(repay), extra]);
}

function packSwap({ venue, pool, tokenIn, tokenOut, amountIn, minOut, extra }: Swap, tokens: Plan['tokens']): Hex {
  const pair = [number(tokens, tokenIn, 'a swap sells'), number(tokens, tokenOut, 'a swap buys')];
  return concatHex([uint(venue, 1), uint(size(extra), 2), pool, ...pair, most(amountIn), uint(minOut, 16), extra]);
}

/** The byte that stands for a token: its place, counted from the last, which is 1. */
function number(tokens: Plan['tokens'], address: Address, what: string): Hex {
  const index = tokens.findIndex(({ token }) => token.toLowerCase() === address.toLowerCase());
  if (index < 0) throw new Error(`${what} ${address}, which is not among the plan's tokens: list it`);
  return uint(tokens.length - index, 1);
}

/** The calldata of `execute` for a packed plan, which is no argument: its first word stands behind the selector, and the rest follows. */
export const executeData = (packed: Hex): Hex => concatHex([EXECUTE, packed]);

/** The selector of `execute`. */
export const EXECUTE = toFunctionSelector(getAbiItem({ abi: liquidatorAbi, name: 'execute' }));

const uint = (value: bigint | number, bytes: number) => numberToHex(value, { size: bytes });

/** The largest number stands for all there is. */
const most = (value: bigint) => uint(value === maxUint256 ? MAX_UINT128 : value, 16);
