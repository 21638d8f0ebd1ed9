import type { Address } from 'viem';
import { deployAave, listReserves, setLtvs, supplyDepth } from '../aave.ts';
import { foundryArtifact } from '../artifacts.ts';
import { labAddress } from '../borrowers.ts';
import type { CoreDirectory, LabDirectory } from '../directory.ts';
import { openPopulation } from '../population.ts';
import type { Sender } from '../sender.ts';
import { type Asset, type AssetSymbol, approveToken, type Listed, listed, type Tokens } from '../tokens.ts';
import { openPool, type Pool } from '../uniswap.ts';
import { aaveV30Pool, setLtvsV30 } from './aaveV30.ts';

/** Accounts in each market beside the first. */
const COUNT = 28;

const LINK: Asset = {
  name: 'Chainlink Token',
  pair: 'LINK / USD',
  decimals: 18,
  price: 15_00000000n,
  ltv: 6600,
  threshold: 7100,
  bonus: 10700,
  protocolFee: 1000,
  reserveFactor: 2000,
  rate: [4500, 0, 700, 30000],
  depth: 6_000_000,
};

/** The pools of LINK: fee in hundredths of a bip, and liquidity as a part of what the first pools have. */
const POOLS: readonly [AssetSymbol, number, number][] = [
  ['WETH', 3000, 0.05],
  ['USDT', 3000, 0.03],
  ['DAI', 3000, 0.02],
];

/** Deploys LINK with its pools, and a market of Aave v3.6 over it and some of the lab's assets, without WETH, with borrowers. */
export async function deployAaveSecond(
  sender: Sender,
  tokens: Tokens,
  libraries: Record<string, Address>,
  { seed, uniswapV3 }: CoreDirectory,
): Promise<Pick<LabDirectory, 'aaveSecond' | 'link'>> {
  const { name, pair, decimals, price } = LINK;
  const link: Listed = {
    symbol: 'LINK',
    address: await sender.deploy(foundryArtifact('Token'), [name, 'LINK', decimals]),
    feed: await sender.deploy(foundryArtifact('PriceFeed'), [pair, price]),
    asset: LINK,
  };
  const pools: Pool[] = [];
  await approveToken(sender, link.address, uniswapV3.positionManager);
  for (const [symbol, fee, depth] of POOLS) {
    const [other] = listed(tokens, [symbol]);
    pools.push(await openPool(sender, uniswapV3, { pair: [link, other!], fee, depth }));
  }

  const listing = {
    name: 'Plimsoll lab second',
    label: 'Second',
    listed: [...listed(tokens, ['WBTC', 'DAI', 'USDT']), link],
    eMode: false,
  };
  const aave = await deployAave(sender, libraries, listing);
  await listReserves(sender, listing, aave);
  await supplyDepth(sender, listing.listed, aave.pool, [labAddress(seed, 'second depositor')]);
  const { abi } = foundryArtifact('PoolInstance');
  const people = { name: 'second', seed, count: COUNT, pool: aave.pool, abi, listed: listing.listed };
  const borrowers = await openPopulation(sender, people);
  await setLtvs(sender, listing, aave.configurator, 'ltv');
  return { aaveSecond: { ...aave, borrowers }, link: { address: link.address, decimals, feed: link.feed, pools } };
}

/** Opens accounts in the market of Aave v3.0. @returns the borrowers */
export async function populateAaveV30(
  sender: Sender,
  tokens: Tokens,
  { pool, configurator }: Pick<LabDirectory['aaveV30'], 'pool' | 'configurator'>,
  seed: number,
): Promise<Address[]> {
  const all = listed(tokens);
  await setLtvsV30(sender, all, configurator, 'threshold');
  const people = { name: 'v3.0', seed, count: COUNT, pool, abi: aaveV30Pool().abi, listed: all };
  const borrowers = await openPopulation(sender, people);
  await setLtvsV30(sender, all, configurator, 'ltv');
  return borrowers;
}
