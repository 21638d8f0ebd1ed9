import { type Address, getAddress, type PublicClient } from 'viem';
import { marketKey } from '../../store/key.ts';
import type { BlockRef, Market, MarketState, Protocol } from '../protocol.ts';
import { readAccounts } from './account.ts';
import { discovery } from './discovery.ts';
import { errors } from './errors.ts';
import { explain, fates, gone } from './fates.ts';
import { type AavePool, findPool, readPool } from './pool.ts';
import { presets } from './presets.ts';
import { type AaveState, readState, stressed } from './state.ts';
import { readTotalDebts } from './totals.ts';
import { ID, viewOf } from './view.ts';

/**
 * A Pool as a market.
 *
 * @example
 * const market = marketOf(await readPool(client, '0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2'));
 * const state = await market.read(client, block);
 */
export function marketOf(pool: AavePool): Market {
  // Whatever state comes back is one that this market has read.
  const own = (state: MarketState) => state as AaveState;
  return {
    key: marketKey(ID, pool.address),
    assets: pool.assets,
    discovery: discovery(pool),
    changesSilently: false,
    read: (client, block) => readState(client, pool, block),
    readAccounts: (client, state, keys) => readAccounts(client, pool, own(state), keys),
    totalDebts: (client, state) => readTotalDebts(client, pool, state.block),
    stressed: (state) => stressed(own(state)),
    at: (state, accounts, moment) => viewOf(pool, own(state), accounts, moment),
  };
}

/** Aave v3, revisions 1 to 11 of the Pool (3.0 to 3.7). */
export const aaveV3: Protocol = {
  id: ID,
  errors,
  presets,
  find: async (client: PublicClient, address: Address) => (await findPool(client, getAddress(address)))?.pool,
  open: async (client: PublicClient, address: Address, _us, block?: BlockRef) =>
    marketOf(await readPool(client, address, block)),
  fates,
  gone,
  explain,
};
