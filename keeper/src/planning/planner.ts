import type { Address } from 'viem';
import type { Tracker } from '../book/tracker.ts';
import { gasPriceNow } from '../chain/gas-price.ts';
import { KeeperError } from '../config/error.ts';
import type { Ready } from '../preflight.ts';
import type { Option } from '../protocols/protocol.ts';
import { uniswapV3 } from '../venues/uniswap-v3.ts';
import { bestOffers, type Offer, type Planning } from './plan.ts';
import { pricesIn } from './pricing.ts';

/** From the legal liquidations of accounts to what is worth sending. */
export type Planner = {
  /** @param options - per account, everything the protocol allows */
  plan(
    market: Tracker,
    options: ReadonlyMap<Address, readonly Option[]>,
  ): Promise<{ offers: Offer[]; without: Map<Address, string>; planning: Planning }>;
};

export function openPlanner({ settings, chain }: Ready): Planner {
  const { uniswapV3Factory: factory, uniswapV3Quoter: quoter, wrappedNative } = settings;
  if (!factory || !quoter)
    throw new KeeperError(
      `chain ${chain.shown} has no preset for Uniswap v3: pass --uniswap-v3-factory and --uniswap-v3-quoter`,
    );
  const venue = uniswapV3(chain.client, factory, quoter);
  /** Base currency for one native coin, by market; the last known while an oracle fails. */
  const nativeBases = new Map<Tracker, bigint>();

  return {
    async plan(tracker, options) {
      const { protocol, market, state } = tracker;
      const nativeBase = protocol.price(market, state, wrappedNative)?.base ?? nativeBases.get(tracker);
      if (nativeBase === undefined)
        throw new Error(`no price for --wrapped-native ${wrappedNative} in market ${tracker.name}`);
      nativeBases.set(tracker, nativeBase);
      const gas = await gasPriceNow(chain.client);
      const planning: Planning = {
        venue,
        hub: wrappedNative,
        lend: protocol.lender(market, state),
        priceOf: pricesIn(protocol, market, state, { token: wrappedNative, base: nativeBase }),
        leg: (option) => protocol.leg(market, option),
        slippage: BigInt(settings.slippage),
        gasPrice: gas.baseFee + gas.priority,
      };
      return { ...(await bestOffers(options, planning)), planning };
    },
  };
}
