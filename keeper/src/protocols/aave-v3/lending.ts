import type { Address } from 'viem';
import type { Lender } from '../protocol.ts';
import type { AaveMarket } from './market.ts';
import type { AaveState } from './state.ts';

/** `Funding.AaveV3Simple` in the Liquidator contract. */
const FUNDING_NUMBER = 7;
const BPS = 10_000n;

/** Oracle price of one whole token, base currency. */
export function price(market: AaveMarket, state: AaveState, asset: Address) {
  const reserve = market.assets.find(({ address }) => address === asset);
  const found = reserve && state.reserves[reserve.id]?.price;
  return found && 'value' in found && found.value > 0n ? { base: found.value, decimals: reserve.decimals } : undefined;
}

/** `flashLoanSimple` of the Pool: premium in bps, rounded up (3.5 and later). Never waived for this entry point. */
export function lender(market: AaveMarket, state: AaveState): Lender {
  return (asset, amount) => {
    const id = market.assets.find(({ address }) => address === asset)?.id;
    const reserve = id === undefined ? undefined : state.reserves[id];
    if (!reserve?.flashLoanEnabled || !reserve.active || reserve.paused || reserve.virtualLiquidity < amount) {
      return undefined;
    }
    const fee = (amount * state.flashPremium + BPS - 1n) / BPS;
    return { funding: FUNDING_NUMBER, source: market.address, fee };
  };
}
