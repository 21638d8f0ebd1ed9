import type { Address } from 'viem';
import type { Lender } from '../protocol.ts';
import type { AaveMarket } from './market.ts';
import type { AaveState } from './state.ts';

/** `Funding.AaveV3Simple` in the Liquidator contract. */
const FUNDING_NUMBER = 7;

/** Oracle price of one whole token, base currency. */
export function price(market: AaveMarket, state: AaveState, asset: Address) {
  const reserve = market.assets.find(({ address }) => address === asset);
  const found = reserve && state.reserves[reserve.id]?.price;
  return found && 'value' in found && found.value > 0n ? { base: found.value, decimals: reserve.decimals } : undefined;
}

/** `flashLoanSimple` of the Pool: rounded as the version does. Never waived for this entry point. */
export function lender(market: AaveMarket, state: AaveState): Lender {
  return (asset, amount) => {
    const id = market.assets.find(({ address }) => address === asset)?.id;
    const reserve = id === undefined ? undefined : state.reserves[id];
    if (!reserve?.flashLoanEnabled || !reserve.active || reserve.paused || reserve.liquidity < amount) {
      return undefined;
    }
    const fee = market.rules.flashFee(amount, state.flashPremium);
    return { funding: FUNDING_NUMBER, source: market.address, fee };
  };
}
