import type { Address } from 'viem';
import { withLiquidity } from './after.ts';
import type { AavePool } from './pool.ts';
import type { AaveState } from './state.ts';

/** `Funding.AaveV3Simple` in the Liquidator contract. */
const FUNDING_NUMBER = 7;

/**
 * Oracle price of one whole token, base currency.
 *
 * @example
 * price(pool, state, weth); // { base: 200_000_000_000n, decimals: 18 } at 2,000 dollars
 */
export function price(pool: AavePool, state: AaveState, asset: Address) {
  const reserve = pool.assets.find(({ address }) => address === asset);
  const found = reserve && state.reserves[reserve.id]?.price;
  return found && 'value' in found && found.value > 0n ? { base: found.value, decimals: reserve.decimals } : undefined;
}

/** A `flashLoanSimple` of the Pool, and the states while it is out and once it is paid back. Smallest units. */
export type FlashLoan = {
  funding: number;
  source: Address;
  fee: bigint;
  out: AaveState;
  back(state: AaveState): AaveState;
};

/**
 * `flashLoanSimple` of the Pool, its fee rounded as the version does. Never waived for this entry point.
 *
 * @param amount - smallest units
 * @returns `undefined` where the Pool does not lend the asset, or not as much
 * @example
 * flashLoan(pool, state, weth, 10n ** 18n)?.fee; // 500_000_000_000_000n at 5 bps
 */
export function flashLoan(pool: AavePool, state: AaveState, asset: Address, amount: bigint): FlashLoan | undefined {
  const id = pool.assets.find(({ address }) => address === asset)?.id;
  const reserve = id === undefined ? undefined : state.reserves[id];
  if (
    id === undefined ||
    !reserve?.flashLoanEnabled ||
    !reserve.active ||
    reserve.paused ||
    reserve.liquidity < amount
  ) {
    return undefined;
  }
  const fee = pool.rules.flashFee(amount, state.flashPremium);
  const changed = (before: AaveState, by: bigint, indexMoves: boolean): AaveState => {
    const reserves = [...before.reserves];
    const now = withLiquidity(reserves[id]!, by);
    reserves[id] = indexMoves ? { ...now, indexMoved: true } : now;
    return { ...before, reserves };
  };
  return {
    funding: FUNDING_NUMBER,
    source: pool.address,
    fee,
    out: changed(state, -amount, false),
    back: (later) => changed(later, amount + fee, pool.rules.premiumToSuppliers && fee > 0n),
  };
}
