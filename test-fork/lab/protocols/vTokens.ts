import type { Address } from 'viem';
import type { npmArtifact } from '../artifacts.ts';
import type { Sender } from '../sender.ts';
import { approveByDeployer, assets, give, symbols, type Tokens, unitsFor } from '../tokens.ts';

/** Reads an artifact of one of Venus' packages by its path under `artifacts/`, without `.sol/…`. */
export type Artifacts = (path: string) => ReturnType<typeof npmArtifact>;

/** Venus' markets in the lab by their underlying; ETH is the native one, whose contract Venus calls VBNB. */
export type Markets = { WETH: Address; USDC: Address; USDT: Address; ETH: Address };

export const marketNames = ['WETH', 'USDC', 'USDT', 'ETH'] as const satisfies (keyof Markets)[];

/** Collateral factors, 18 decimals. */
export const collateralFactors = {
  WETH: 800_000_000_000_000_000n,
  USDC: 825_000_000_000_000_000n,
  USDT: 800_000_000_000_000_000n,
  ETH: 800_000_000_000_000_000n,
} as const satisfies Record<keyof Markets, bigint>;

/** Half of a debt may be repaid at once, and a repayer gets 110 % of it; both 18 decimals. */
export const CLOSE_FACTOR = 500_000_000_000_000_000n;
export const LIQUIDATION_INCENTIVE = 1_100_000_000_000_000_000n;

const SUPPLIED_USD = 20_000_000;
const BORROWED_USD = 8_000_000;
const UNLIMITED = 2n ** 255n;

/**
 * Deploys Venus' price oracle over the lab's feeds, so that a market's price is its feed's. It is the one of 0.4.1 for both
 * comptrollers; its admin may override a price with `setDirectPrice(address underlying, uint256 usd)`, 18 decimals.
 */
export async function deployOracle(sender: Sender, { feeds }: Tokens, artifacts: Artifacts): Promise<Address> {
  const artifact = artifacts('contracts/VenusChainlinkOracle');
  // Prices of any age will do: time in the lab runs far ahead of its feeds.
  const oracle = await sender.deploy(artifact, [2n ** 64n]);
  for (const symbol of symbols) await sender.call(oracle, artifact.abi, 'setFeed', [symbol, feeds[symbol]]);
  // The name of the native market decides its feed.
  await sender.call(oracle, artifact.abi, 'setFeed', ['vBNB', feeds.WETH]);
  return oracle;
}

export type MarketSettings = {
  comptroller: Address;
  interestRateModel: Address;
  /** Path of the VToken contracts in the package. */
  folder: string;
  artifacts: Artifacts;
};

/** Creates the four markets as Venus does: an upgradeable delegator for each token, and VBNB for native ether. */
export async function deployMarkets(sender: Sender, { tokens }: Tokens, settings: MarketSettings): Promise<Markets> {
  const { comptroller, interestRateModel, folder, artifacts } = settings;
  const { deployer } = sender;
  const implementation = await sender.deploy(artifacts(`${folder}VBep20Delegate`));
  const market = (name: string, symbol: string, decimals: number) => [
    comptroller,
    interestRateModel,
    // A vToken has 8 decimals and starts at 0.02 of its underlying.
    2n * 10n ** BigInt(16 + decimals - 8),
    `Venus ${name}`,
    symbol,
    8,
    deployer,
  ];
  const delegator = (symbol: 'WETH' | 'USDC' | 'USDT') =>
    sender.deploy(artifacts(`${folder}VBep20Delegator`), [
      tokens[symbol],
      ...market(symbol, `v${symbol}`, assets[symbol].decimals),
      implementation,
      '0x',
    ]);
  return {
    WETH: await delegator('WETH'),
    USDC: await delegator('USDC'),
    USDT: await delegator('USDT'),
    ETH: await sender.deploy(artifacts(`${folder}VBNB`), market('BNB', 'vBNB', 18)),
  };
}

/** Lifts the caps, then supplies every market and borrows from it as the deployer, so that interest accrues with each block. */
export async function openMarkets(
  sender: Sender,
  tokens: Tokens,
  markets: Markets,
  { comptroller, comptrollerAbi, folder, artifacts }: MarketSettings & { comptrollerAbi: ReturnType<Artifacts>['abi'] },
): Promise<void> {
  const all = marketNames.map((name) => markets[name]);
  const caps = all.map(() => UNLIMITED);
  await sender.call(comptroller, comptrollerAbi, '_setMarketSupplyCaps', [all, caps]);
  await sender.call(comptroller, comptrollerAbi, '_setMarketBorrowCaps', [all, caps]);
  await sender.call(comptroller, comptrollerAbi, 'enterMarkets', [all]);
  const vToken = artifacts(`${folder}VBep20Delegate`).abi;
  const native = artifacts(`${folder}VBNB`).abi;
  for (const name of ['WETH', 'USDC', 'USDT'] as const) {
    await approveByDeployer(sender, tokens, markets[name], [name]);
    await give(sender, tokens, name, sender.deployer, SUPPLIED_USD);
    await sender.call(markets[name], vToken, 'mint', [unitsFor(name, SUPPLIED_USD)]);
  }
  await sender.call(markets.ETH, native, 'mint', [], { value: unitsFor('WETH', SUPPLIED_USD) });
  for (const name of ['WETH', 'USDC', 'USDT'] as const)
    await sender.call(markets[name], vToken, 'borrow', [unitsFor(name, BORROWED_USD)]);
  await sender.call(markets.ETH, native, 'borrow', [unitsFor('WETH', BORROWED_USD)]);
  const reserveFactor = 10n ** 17n;
  for (const name of marketNames) await sender.call(markets[name], vToken, '_setReserveFactor', [reserveFactor]);
}
