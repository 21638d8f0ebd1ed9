import type { Leg, Option, Protocol } from '../protocol.ts';
import { readAccounts } from './account.ts';
import { after } from './after.ts';
import { coefficients } from './coefficients.ts';
import { discovery } from './discovery.ts';
import { errors } from './errors.ts';
import { health } from './health.ts';
import { lender, price } from './lending.ts';
import { type AaveMarket, open } from './market.ts';
import { options, resize } from './options.ts';
import { type AaveState, readMarket } from './state.ts';

/** Aave v3's number in the Liquidator contract. */
const PROTOCOL_NUMBER = 0;

function leg(market: AaveMarket, option: Option): Leg {
  return {
    protocol: PROTOCOL_NUMBER,
    market: market.address,
    borrower: option.account,
    collateral: option.collateralAsset,
    repay: option.argument,
    extra: '0x',
  };
}

/** Aave v3, revisions 1 to 11 of the Pool (3.0 to 3.7). */
export const aaveV3: Protocol<AaveMarket, AaveState> = {
  id: 'aave-v3',
  open,
  discovery,
  readMarket,
  readAccounts,
  coefficients,
  health,
  options,
  resize,
  after,
  leg,
  price,
  lender,
  changesSilently: false,
  errors,
};
