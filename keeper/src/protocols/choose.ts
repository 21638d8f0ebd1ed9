import { type Address, getAddress, isAddress } from 'viem';
import { showChain } from '../config/chains.ts';
import { usageError } from '../config/error.ts';
import { aaveMarkets } from './aave-v3/presets.ts';
import type { Settings } from '../config/schema.ts';
import { didYouMean } from '../config/suggest.ts';

/** A market to watch: its address, and what it is called. */
export type NamedMarket = { name: string; address: Address };

/**
 * The markets that `--market` names on this chain; without one, the chain's main market.
 *
 * @throws KeeperError with exit code 2 when there is no such market, naming those there are.
 */
export async function findMarkets(settings: Pick<Settings, 'market'>, chainId: number): Promise<NamedMarket[]> {
  // The list of all markets takes a while to load.
  if (settings.market?.every((wanted) => isAddress(wanted, { strict: false })))
    return settings.market.map((wanted) => ({ name: getAddress(wanted), address: getAddress(wanted) }));
  const all = await aaveMarkets();
  const here = all.filter((market) => market.chainId === chainId);
  const ids = here.map(({ id }) => id);
  const known = ids.length > 0 ? `known here: ${ids.join(', ')}` : 'give the address of its Pool';
  if (settings.market === undefined) {
    const [main] = here.length > 1 ? here.filter(({ id }) => id.endsWith('-core')) : here;
    if (main) return [{ name: main.id, address: main.pool }];
    throw usageError(`--market is required on chain ${showChain(chainId)}; ${known}`);
  }
  return settings.market.map((wanted) => {
    if (isAddress(wanted, { strict: false })) {
      const address = getAddress(wanted);
      return { name: here.find(({ pool }) => pool === address)?.id ?? address, address };
    }
    const id = wanted.toLowerCase();
    const found = here.find((market) => market.id === id);
    if (found) return { name: found.id, address: found.pool };
    const elsewhere = all.find((market) => market.id === id);
    if (elsewhere) {
      const chains = `is on chain ${showChain(elsewhere.chainId)}, not on ${showChain(chainId)}`;
      throw usageError(`--market ${wanted} ${chains}; ${known}`);
    }
    throw usageError(
      `--market ${wanted}: no such market on chain ${showChain(chainId)}${didYouMean(id, ids)}; ${known}`,
    );
  });
}
