import type { Address } from 'viem';
import type { Preset } from '../protocol.ts';

/** An Aave v3 deployment that users may name instead of giving its address. */
type AaveMarketPreset = {
  /** What users type: `ethereum-core`, `base`. */
  id: string;
  /** The address book's name: `AaveV3Ethereum`. */
  name: string;
  chainId: number;
  pool: Address;
  addressesProvider: Address;
};

/** Where Aave's own name for an instance is not the address book's. */
const renamed: Record<string, string> = { lido: 'prime' };

const words = (name: string): string[] =>
  name
    .replace('AaveV3', '')
    .match(/[A-Z]+(?![a-z])|[A-Z][a-z]+/g)!
    .map((word) => word.toLowerCase());

/**
 * All Aave v3 deployments in `@aave-dao/aave-address-book`, those on test networks too, loaded when first asked for.
 *
 * Ids are the book's names in kebab case (`AaveV3EthereumEtherFi` is `ethereum-ether-fi`). Where a chain has several
 * markets the one named after the chain alone is its `core`.
 * @example
 * (await aaveMarkets()).find(({ id }) => id === 'ethereum-core')?.pool;
 */
export async function aaveMarkets(): Promise<AaveMarketPreset[]> {
  const book: Record<string, unknown> = await import('@aave-dao/aave-address-book');
  const markets = Object.entries(book).flatMap(([name, entry]) => {
    if (!name.startsWith('AaveV3') || !isMarket(entry)) return [];
    return [{ name, chainId: entry.CHAIN_ID, pool: entry.POOL, addressesProvider: entry.POOL_ADDRESSES_PROVIDER }];
  });
  return markets.map((market) => {
    const named = words(market.name).map((word) => renamed[word] ?? word);
    const core = markets.some(
      ({ name }) => name !== market.name && name.startsWith(market.name) && sameChain(name, market.name),
    );
    return { id: [...named, ...(core ? ['core'] : [])].join('-'), ...market };
  });

  function sameChain(a: string, b: string): boolean {
    const chainOf = (wanted: string) => markets.find(({ name }) => name === wanted)!.chainId;
    return chainOf(a) === chainOf(b);
  }
}

/**
 * The deployments that users may name; a chain's main market is its `core`, or the only one.
 *
 * @param chainId - all chains when left out
 * @example
 * (await presets(8453)).map(({ id }) => id); // ['base']
 */
export async function presets(chainId?: number): Promise<Preset[]> {
  const all = await aaveMarkets();
  return all
    .filter((market) => chainId === undefined || market.chainId === chainId)
    .map(({ id, pool, chainId: chain }) => {
      const alone = all.filter((market) => market.chainId === chain).length === 1;
      return { id, address: pool, chainId: chain, isMain: alone || id.endsWith('-core') };
    });
}

type BookMarket = { CHAIN_ID: number; POOL: Address; POOL_ADDRESSES_PROVIDER: Address };

const isMarket = (entry: unknown): entry is BookMarket =>
  typeof entry === 'object' &&
  entry !== null &&
  'POOL' in entry &&
  'CHAIN_ID' in entry &&
  'POOL_ADDRESSES_PROVIDER' in entry;
