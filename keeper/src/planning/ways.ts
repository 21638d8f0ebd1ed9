import { type Address, maxUint256 } from 'viem';
import type { Lender, Option } from '../protocols/protocol.ts';
import type { Path, QuoteRequest, UniswapV3 } from '../venues/uniswap-v3.ts';
import { FUNDING, type Round, type Swap, VENUE } from './encoding.ts';

/** What is left here when a round is done, smallest units, at the quoted amounts. */
export type Leftover = { token: Address; amount: bigint };

/** One way to fund one option: what to ask the venue first, and the round its answer makes. */
export type Way = {
  option: Option;
  /** For the log: `flash swap 0.05 %`. */
  name: string;
  /** Nothing to ask where nothing is sold. */
  request: QuoteRequest | undefined;
  /** The round without its legs, and what it leaves; `undefined` where the answer does not cover the debt. */
  finish(quoted: bigint | undefined, slippage: bigint): { round: Omit<Round, 'legs'>; left: Leftover[] } | undefined;
};

const BPS = 10_000n;

/**
 * Every way to fund an option:
 * - debt and collateral are one asset: a flash loan, nothing to sell;
 * - a pool of the pair: a flash swap in it, the collateral paid for exactly the debt;
 * - no such pool: a flash loan, and a sale over the hub token.
 */
export async function waysFor(option: Option, venue: UniswapV3, hub: Address, lend: Lender): Promise<Way[]> {
  const { debtAsset, collateralAsset } = option;
  const loan = lend(debtAsset, option.funding);
  if (debtAsset === collateralAsset) return loan ? [sameAsset(option, loan)] : [];

  const direct = await venue.pools(collateralAsset, debtAsset);
  if (direct.length > 0) {
    return direct.map((pool) => flashSwap(option, { pools: [pool], tokens: [collateralAsset, debtAsset] }));
  }
  if (!loan || hub === debtAsset || hub === collateralAsset) return [];
  const [first, second] = await Promise.all([venue.pools(collateralAsset, hub), venue.pools(hub, debtAsset)]);
  return first.flatMap((a) =>
    second.map((b) => loanAndSale(option, loan, { pools: [a, b], tokens: [collateralAsset, hub, debtAsset] })),
  );
}

type Loan = NonNullable<ReturnType<Lender>>;

function flashSwap(option: Option, path: Path): Way {
  const [pool] = path.pools;
  return {
    option,
    name: `flash swap ${percent(pool!.fee)}`,
    request: { path, amount: option.funding, exact: 'out' },
    finish(pay, slippage) {
      if (pay === undefined || pay > option.seized) return undefined;
      return {
        round: {
          funding: FUNDING.uniswapV3Swap,
          source: pool!.address,
          debtToken: option.debtAsset,
          amount: option.funding,
          // Rounded down: a bound is never looser than stated. More than is seized can never be paid.
          maxPay: least((pay * (BPS + slippage)) / BPS, option.seized),
          extra: '0x',
          swaps: [],
        },
        left: [
          { token: option.collateralAsset, amount: option.seized - pay },
          { token: option.debtAsset, amount: option.funding - option.repay },
        ],
      };
    },
  };
}

function loanRound(option: Option, loan: Loan, swaps: Swap[]): Omit<Round, 'legs'> {
  return {
    funding: loan.funding,
    source: loan.source,
    debtToken: option.debtAsset,
    amount: option.funding,
    maxPay: loan.fee,
    extra: '0x',
    swaps,
  };
}

function sameAsset(option: Option, loan: Loan): Way {
  return {
    option,
    name: 'flash loan, one asset',
    request: undefined,
    finish() {
      const amount = option.seized - option.repay - loan.fee;
      return amount > 0n
        ? { round: loanRound(option, loan, []), left: [{ token: option.debtAsset, amount }] }
        : undefined;
    },
  };
}

function loanAndSale(option: Option, loan: Loan, path: Path): Way {
  return {
    option,
    name: `flash loan, sale ${path.pools.map(({ fee }) => percent(fee)).join(' + ')}`,
    request: { path, amount: option.seized, exact: 'in' },
    finish(out, slippage) {
      if (out === undefined || out < option.repay + loan.fee) return undefined;
      // The bound sits on the last sale; those before sell all they have into it. Rounded up.
      const minOut = (out * (BPS - slippage) + BPS - 1n) / BPS;
      const last = path.pools.length - 1;
      const swaps = path.pools.map(
        (pool, index): Swap => ({
          venue: VENUE.uniswapV3,
          pool: pool.address,
          tokenIn: path.tokens[index]!,
          tokenOut: path.tokens[index + 1]!,
          amountIn: maxUint256,
          minOut: index === last ? minOut : 0n,
          extra: '0x',
        }),
      );
      return {
        round: loanRound(option, loan, swaps),
        left: [{ token: option.debtAsset, amount: out - option.repay - loan.fee }],
      };
    },
  };
}

const least = (a: bigint, b: bigint) => (a < b ? a : b);
const percent = (fee: number) => `${fee / 10_000} %`;
