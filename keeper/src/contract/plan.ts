import { type Address, concatHex, getAbiItem, type Hex, maxUint256, numberToHex, size, toFunctionSelector } from 'viem';
import { liquidatorAbi } from '../bindings.ts';

/** The contract's enums (contracts/interfaces/ILiquidator.sol), by their order there, as far as the planner chooses. */
export const FUNDING = { none: 0, uniswapV3Swap: 1, uniswapV3Flash: 2 } as const;
export const VENUE = { uniswapV3: 0, uniswapV2: 1 } as const;

/** One liquidation inside a round; see `Leg` in ILiquidator.sol. */
export type Leg = {
  protocol: number;
  market: Address;
  borrower: Address;
  collateral: Address;
  /** Units of the round's debt token; `maxUint256` for as much as the protocol allows at that moment. */
  repay: bigint;
  extra: Hex;
};

/** One sale inside a round, after its legs; see `Swap` in ILiquidator.sol. */
export type Swap = {
  venue: number;
  pool: Address;
  tokenIn: Address;
  tokenOut: Address;
  /** Units of `tokenIn`, at most; `maxUint256` sells all. */
  amountIn: bigint;
  /** Least units of `tokenOut` for `amountIn`. */
  minOut: bigint;
  extra: Hex;
};

/** One funding call with its legs and swaps; see `Round` in ILiquidator.sol. */
export type Round = {
  funding: number;
  source: Address;
  debtToken: Address;
  /** Units of `debtToken` to borrow. */
  amount: bigint;
  /** Most units of collateral the pool may take, or of `debtToken` a lender may take as its fee. */
  maxPay: bigint;
  extra: Hex;
  legs: readonly Leg[];
  swaps: readonly Swap[];
};

/** One transaction; see `Plan` in ILiquidator.sol. */
export type Plan = {
  /** Seconds; what is beyond 5 bytes is for ever. */
  validUntil: bigint;
  /** Wei. */
  floor: bigint;
  /** Wei. */
  tip: bigint;
  /** Listed in `tokens` if there is a tip, as all tokens are that a round, leg or swap names. */
  weth: Address;
  /** `price`: wei times 1e18 for one smallest unit. */
  tokens: readonly { token: Address; price: bigint }[];
  rounds: readonly Round[];
};

const MAX_UINT40 = 2n ** 40n - 1n;
const MAX_UINT128 = 2n ** 128n - 1n;

/**
 * A plan as `execute` takes it, in the layout that ILiquidator.sol gives.
 * @throws viem's IntegerOutOfRangeError when a number does not fit; an Error when a token is named that is not listed
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

const EXECUTE = toFunctionSelector(getAbiItem({ abi: liquidatorAbi, name: 'execute' }));

const uint = (value: bigint | number, bytes: number) => numberToHex(value, { size: bytes });

/** The largest number stands for all there is. */
const most = (value: bigint) => uint(value === maxUint256 ? MAX_UINT128 : value, 16);

/** What a plan came to, as `PlanExecuted` has it; see `Tally` in ILiquidator.sol. */
export type Tally = {
  landed: number;
  skipped: number;
  /** Wei that the block's producer took. */
  tip: bigint;
  /** Wei at the plan's prices. */
  flashFee: bigint;
};

/** Reads the word that `PlanExecuted` carries. */
export function readTally(word: bigint): Tally {
  return {
    landed: Number(BigInt.asUintN(16, word)),
    skipped: Number(BigInt.asUintN(16, word >> 16n)),
    tip: BigInt.asUintN(112, word >> 32n),
    flashFee: word >> 144n,
  };
}
