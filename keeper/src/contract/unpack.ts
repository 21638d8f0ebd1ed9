import {
  type Address,
  bytesToBigInt,
  bytesToHex,
  getAddress,
  type Hex,
  hexToBytes,
  maxUint256,
  zeroAddress,
} from 'viem';
import { EXECUTE, MAX_UINT128 } from './pack.ts';
import { FUNDING, type Leg, nameOf, type Plan, PROTOCOL, type Round, type Swap, VENUE } from './plan.ts';

/** How far the bytes of a plan have been read. */
type Reading = { bytes: Uint8Array; at: number };

/**
 * The packed plan in the calldata of `execute`: what `executeData` was given.
 *
 * @throws an Error of one line when the calldata is not of `execute`
 * @example
 * unpackPlan(packedIn(calldata)).rounds;
 */
export function packedIn(calldata: Hex): Hex {
  if (!calldata.toLowerCase().startsWith(EXECUTE))
    throw new Error(`calldata of ${calldata.slice(0, 10)}, not of the Liquidator's execute (${EXECUTE})`);
  return `0x${calldata.slice(EXECUTE.length)}`;
}

/**
 * Reads what `packPlan` writes, in the layout that ILiquidator.sol gives. Addresses are checksummed; `validUntil` is 2^40 - 1 for
 * ever; `maxPay`, `repay` and `amountIn` are `maxUint256` where they stand for all there is; `weth` is zero where the plan names none.
 *
 * @throws an Error of one line when the bytes are no plan, end within one, or go on behind it
 * @example
 * unpackPlan(packPlan(plan)).rounds.length === plan.rounds.length;
 */
export function unpackPlan(packed: Hex): Plan {
  const reading: Reading = { bytes: hexToBytes(packed), at: 0 };
  const [validUntil, floor, tip] = [uint(reading, 5), uint(reading, 12), uint(reading, 12)];
  const [wethNumber, tokenCount, roundCount] = [small(reading, 1), small(reading, 1), small(reading, 1)];
  const tokens = times(tokenCount, () => ({ token: address(reading), price: uint(reading, 16) }));
  const weth = wethNumber === 0 ? zeroAddress : listed(tokens, wethNumber, 'the tip');
  const rounds = times(roundCount, () => unpackRound(reading, tokens));
  const { length } = reading.bytes;
  if (length > reading.at) throw new Error(`the plan ends after ${reading.at} bytes, and there are ${length}`);
  return { validUntil, floor, tip, weth, tokens, rounds };
}

function unpackRound(reading: Reading, tokens: Plan['tokens']): Round {
  const funding = member(reading, FUNDING, 'funding');
  const [legCount, swapCount, extraSize] = [small(reading, 1), small(reading, 1), small(reading, 2)];
  const source = address(reading);
  const debtToken = listed(tokens, small(reading, 1), 'a round');
  const [amount, maxPay, extra] = [uint(reading, 16), most(reading), hex(reading, extraSize)];
  const legs = times(legCount, () => unpackLeg(reading, tokens));
  const swaps = times(swapCount, () => unpackSwap(reading, tokens));
  return { funding, source, debtToken, amount, maxPay, extra, legs, swaps };
}

function unpackLeg(reading: Reading, tokens: Plan['tokens']): Leg {
  const protocol = member(reading, PROTOCOL, 'protocol');
  const extraSize = small(reading, 2);
  const market = address(reading);
  const collateral = listed(tokens, small(reading, 1), 'a leg');
  const [borrower, repay, extra] = [address(reading), most(reading), hex(reading, extraSize)];
  return { protocol, market, borrower, collateral, repay, extra };
}

function unpackSwap(reading: Reading, tokens: Plan['tokens']): Swap {
  const venue = member(reading, VENUE, 'venue');
  const extraSize = small(reading, 2);
  const pool = address(reading);
  const tokenIn = listed(tokens, small(reading, 1), 'a swap');
  const tokenOut = listed(tokens, small(reading, 1), 'a swap');
  const [amountIn, minOut, extra] = [most(reading), uint(reading, 16), hex(reading, extraSize)];
  return { venue, pool, tokenIn, tokenOut, amountIn, minOut, extra };
}

function take(reading: Reading, count: number): Uint8Array {
  const end = reading.at + count;
  const { length } = reading.bytes;
  if (end > length) throw new Error(`the plan is cut short: it has ${length} bytes and goes on to ${end} at least`);
  const taken = reading.bytes.subarray(reading.at, end);
  reading.at = end;
  return taken;
}

const uint = (reading: Reading, count: number) => bytesToBigInt(take(reading, count));

const small = (reading: Reading, count: number) => Number(uint(reading, count));

const hex = (reading: Reading, count: number) => bytesToHex(take(reading, count));

const address = (reading: Reading) => getAddress(hex(reading, 20));

/** The largest number stands for all there is. */
function most(reading: Reading): bigint {
  const value = uint(reading, 16);
  return value === MAX_UINT128 ? maxUint256 : value;
}

function member(reading: Reading, members: Record<string, number>, what: string): number {
  const number = small(reading, 1);
  if (nameOf(members, number) === undefined) throw new Error(`no plan: there is no ${what} ${number}`);
  return number;
}

/** The token that a number stands for: its place, counted from the last, which is 1. */
function listed(tokens: Plan['tokens'], number: number, what: string): Address {
  const found = tokens[tokens.length - number];
  if (found === undefined) throw new Error(`no plan: ${what} names token ${number} of ${tokens.length}`);
  return found.token;
}

/** In order: each reads on where the one before stopped. */
const times = <T>(count: number, read: () => T): T[] => Array.from({ length: count }, read);
