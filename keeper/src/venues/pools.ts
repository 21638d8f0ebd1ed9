import { type Address, getAddress, type PublicClient, parseAbi, zeroAddress } from 'viem';
import { type Answer, orElse, readTogether } from '../chain/view.ts';
import type { V2Factory } from '../config/chains.ts';
import type { V2Pair } from './v2.ts';
import type { V3Pool } from './v3-pool.ts';

const v3FactoryAbi = parseAbi([
  'function feeAmountTickSpacing(uint24) view returns (int24)',
  'function getPool(address, address, uint24) view returns (address)',
]);
const v2FactoryAbi = parseAbi([
  'function allPairsLength() view returns (uint256)',
  'function getPair(address, address) view returns (address)',
]);
/** A bip in the hundredths that pools write their fees in. */
const BIP = 100;

/** Fees that Uniswap v3 or a fork of it has somewhere, hundredths of a bip; the factory says which of them it has. */
const FEES = [80, 100, 200, 300, 400, 450, 500, 1_000, 2_500, 3_000, 5_000, 10_000, 20_000];

/** Every pair of the tokens once, in the order of the addresses. */
function pairsOf(tokens: readonly Address[]): [Address, Address][] {
  const sorted = [...new Set(tokens.map((token) => getAddress(token)))].sort((a, b) =>
    BigInt(a) < BigInt(b) ? -1 : 1,
  );
  return sorted.flatMap((a, index) => sorted.slice(index + 1).map((b): [Address, Address] => [a, b]));
}

/** A fee that a factory has, hundredths of a bip. */
export type V3Tier = { fee: number; tickSpacing: number };

/**
 * The fees that a Uniswap v3 factory has; none where the address is no such factory.
 *
 * @throws when the node fails
 * @example
 * (await v3Tiers(client, '0x1F98431c8aD98523631AE4a59f267346ea31F984'))[0]; // { fee: 100, tickSpacing: 1 }
 */
export async function v3Tiers(client: PublicClient, factory: Address): Promise<V3Tier[]> {
  const spacings = await readTogether(
    client,
    FEES.map((fee) => ({ address: factory, abi: v3FactoryAbi, functionName: 'feeAmountTickSpacing', args: [fee] })),
  );
  return FEES.flatMap((fee, index) => {
    const tickSpacing = orElse(spacings[index], 0);
    return tickSpacing ? [{ fee, tickSpacing }] : [];
  });
}

/**
 * Every pool of a Uniswap v3 factory between any two of the tokens, of every fee the factory has: some thousand calls for a
 * large market, so ask once.
 *
 * @throws when no fee is known to the factory: it is none
 * @example
 * const pools = await findV3Pools(client, '0x1F98431c8aD98523631AE4a59f267346ea31F984', [weth, usdc]);
 */
export async function findV3Pools(
  client: PublicClient,
  factory: Address,
  tokens: readonly Address[],
): Promise<V3Pool[]> {
  const tiers = await v3Tiers(client, factory);
  if (tiers.length === 0)
    throw new Error(`${factory} is no Uniswap v3 factory: it knows no fee; check --uniswap-v3-factory`);
  const wanted = pairsOf(tokens).flatMap(([token0, token1]) => tiers.map((tier) => ({ token0, token1, ...tier })));
  const found = await readTogether(
    client,
    wanted.map(({ token0, token1, fee }) => ({
      address: factory,
      abi: v3FactoryAbi,
      functionName: 'getPool',
      args: [token0, token1, fee],
    })),
  );
  return wanted.flatMap((pool, index) => withAddress(pool, found[index]));
}

/**
 * Which of these addresses count pairs, as a Uniswap v2 factory does.
 *
 * @throws when the node fails
 * @example
 * const [isFactory] = await areV2Factories(client, [factory]);
 */
export async function areV2Factories(client: PublicClient, addresses: readonly Address[]): Promise<boolean[]> {
  const calls = addresses.map((address) => ({ address, abi: v2FactoryAbi, functionName: 'allPairsLength' }));
  return (await readTogether(client, calls)).map(({ status }) => status === 'success');
}

/**
 * Every pair of a Uniswap v2 factory, or a fork's, between any two of the tokens. What its pairs charge they do not say. None where the address is no factory:
 * see {@link areV2Factories}.
 * @example
 * const pairs = await findV2Pairs(client, { factory, fee: 30 }, [weth, usdc]);
 */
export async function findV2Pairs(
  client: PublicClient,
  { factory, fee }: V2Factory,
  tokens: readonly Address[],
): Promise<V2Pair[]> {
  const wanted = pairsOf(tokens).map(([token0, token1]) => ({ token0, token1, fee: fee * BIP }));
  const found = await readTogether(
    client,
    wanted.map(({ token0, token1 }) => ({
      address: factory,
      abi: v2FactoryAbi,
      functionName: 'getPair',
      args: [token0, token1],
    })),
  );
  return wanted.flatMap((pair, index) => withAddress(pair, found[index]));
}

const withAddress = <T>(pool: T, answer: Answer | undefined): (T & { address: Address })[] => {
  const address = orElse<Address>(answer, zeroAddress);
  return address === zeroAddress ? [] : [{ ...pool, address: getAddress(address) }];
};
