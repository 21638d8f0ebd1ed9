import {
  type Address,
  decodeFunctionResult,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  parseAbi,
  stringToHex,
  zeroAddress,
} from 'viem';
import { foundryArtifact } from './artifacts.ts';
import type { Sender } from './sender.ts';
import { approveToken, type Listed, mintListed, unitsOf } from './tokens.ts';

/** Addresses of a deployed Aave v3.6 market. */
export type Aave = {
  pool: Address;
  addressesProvider: Address;
  configurator: Address;
  oracle: Address;
  dataProvider: Address;
  uiPoolDataProvider: Address;
  aclAdmin: Address;
  /** The block that created the pool's proxy. */
  creationBlock: number;
};

/** The eMode category of the stablecoins: threshold and bonus in bps. */
export const stablesEMode = {
  id: 1,
  ltv: 9300,
  threshold: 9500,
  bonus: 10100,
  members: ['USDC', 'DAI', 'USDT'],
} as const;

const PROVIDER_ID = {
  POOL: stringToHex('POOL', { size: 32 }),
  CONFIGURATOR: stringToHex('POOL_CONFIGURATOR', { size: 32 }),
};
const providerAbi = parseAbi(['function getAddress(bytes32) view returns (address)']);

/** What a market of Aave v3.6 lists and how it calls itself. */
export type Listing = {
  /** Of the market, and a part of what its tokens are called. */
  name: string;
  label: string;
  listed: readonly Listed[];
  /** Whether the stablecoins have an eMode of their own. */
  eMode: boolean;
};

/** Deploys the libraries that every market of Aave v3.6 links. */
export async function deployLibraries({ deploy }: Sender): Promise<Record<string, Address>> {
  const libraries: Record<string, Address> = {};
  // FlashLoanLogic links BorrowLogic, hence the order.
  for (const name of [
    'BorrowLogic',
    'ConfiguratorLogic',
    'FlashLoanLogic',
    'LiquidationLogic',
    'PoolLogic',
    'SupplyLogic',
  ])
    libraries[name] = await deploy(foundryArtifact(name), [], libraries);
  return libraries;
}

/** Deploys a market the way Aave's own deployment does, with the deployer as every admin, and lists its assets. */
export async function deployAave(
  sender: Sender,
  libraries: Record<string, Address>,
  listing: Listing,
): Promise<Omit<Aave, 'uiPoolDataProvider'>> {
  const { deploy, call, deployer } = sender;
  const artifact = foundryArtifact;
  const provider = artifact('PoolAddressesProvider');
  const addressesProvider = await deploy(provider, [listing.name, deployer]);
  await call(addressesProvider, provider.abi, 'setACLAdmin', [deployer]);
  const acl = artifact('ACLManager');
  const aclManager = await deploy(acl, [addressesProvider]);
  await call(addressesProvider, provider.abi, 'setACLManager', [aclManager]);
  await call(aclManager, acl.abi, 'addPoolAdmin', [deployer]);

  const sources = [listing.listed.map(({ address }) => address), listing.listed.map(({ feed }) => feed)];
  const oracle = await deploy(artifact('AaveOracle'), [
    addressesProvider,
    ...sources,
    zeroAddress,
    zeroAddress,
    10n ** 8n,
  ]);
  await call(addressesProvider, provider.abi, 'setPriceOracle', [oracle]);
  const rateStrategy = await deploy(artifact('DefaultReserveInterestRateStrategyV2'), [addressesProvider]);
  const poolImplementation = await deploy(artifact('PoolInstance'), [addressesProvider, rateStrategy], libraries);
  const configuratorImplementation = await deploy(artifact('PoolConfiguratorInstance'), [], libraries);
  await sender.mine();

  await call(addressesProvider, provider.abi, 'setPoolImpl', [poolImplementation]);
  const creationBlock = await sender.mine();
  await call(addressesProvider, provider.abi, 'setPoolConfiguratorImpl', [configuratorImplementation]);
  await sender.mine();
  // Both proxies are created by the provider; only it knows where.
  const [pool, configurator] = await Promise.all(
    [PROVIDER_ID.POOL, PROVIDER_ID.CONFIGURATOR].map((id) => readAddress(sender, addressesProvider, id)),
  );
  const dataProvider = await deploy(artifact('AaveProtocolDataProvider'), [addressesProvider]);
  await call(addressesProvider, provider.abi, 'setPoolDataProvider', [dataProvider]);
  return {
    pool: pool!,
    addressesProvider,
    configurator: configurator!,
    oracle,
    dataProvider,
    aclAdmin: deployer,
    creationBlock,
  };
}

/** Lists the assets of a new market. */
export async function listReserves(
  sender: Sender,
  { listed, label, eMode }: Listing,
  { pool, configurator }: Pick<Aave, 'pool' | 'configurator'>,
): Promise<void> {
  const { deploy, deployer } = sender;
  const { abi } = foundryArtifact('PoolConfiguratorInstance');
  const configure = (name: string, args: readonly unknown[]) =>
    sender.call(configurator, abi, name, args, { gas: name === 'initReserves' ? 12_000_000 : 500_000 });

  const aTokenImpl = await deploy(foundryArtifact('ATokenInstance'), [pool, zeroAddress, deployer]);
  const variableDebtTokenImpl = await deploy(foundryArtifact('VariableDebtTokenInstance'), [pool, zeroAddress]);
  await configure('initReserves', [
    listed.map(({ symbol, address, asset }) => ({
      aTokenImpl,
      variableDebtTokenImpl,
      underlyingAsset: address,
      aTokenName: `Aave ${label} ${symbol}`,
      aTokenSymbol: `a${label}${symbol}`,
      variableDebtTokenName: `Aave ${label} Variable Debt ${symbol}`,
      variableDebtTokenSymbol: `variableDebt${label}${symbol}`,
      params: '0x',
      interestRateData: encodeAbiParameters(
        [{ type: 'uint16' }, { type: 'uint32' }, { type: 'uint32' }, { type: 'uint32' }],
        asset.rate,
      ),
    })),
  ]);
  for (const { address, asset } of listed) {
    await configure('setReserveBorrowing', [address, true]);
    await configure('setReserveFlashLoaning', [address, true]);
    await configure('setReserveFactor', [address, asset.reserveFactor]);
    await configure('setLiquidationProtocolFee', [address, asset.protocolFee]);
  }
  await configure('updateFlashloanPremium', [5]);
  await setLtvs(sender, { listed, eMode }, configurator, 'threshold');
  if (!eMode) return;
  for (const symbol of stablesEMode.members) {
    const { address } = listed.find((each) => each.symbol === symbol)!;
    await configure('setAssetCollateralInEMode', [address, stablesEMode.id, true]);
    await configure('setAssetBorrowableInEMode', [address, stablesEMode.id, true]);
  }
}

/**
 * Sets every loan-to-value. While borrowers are made it equals the liquidation threshold, so that one may borrow up to the
 * line; afterwards it goes down to what Aave uses. Health depends on the threshold alone.
 */
export async function setLtvs(
  sender: Sender,
  { listed, eMode }: Pick<Listing, 'listed' | 'eMode'>,
  configurator: Address,
  to: 'threshold' | 'ltv',
): Promise<void> {
  const { abi } = foundryArtifact('PoolConfiguratorInstance');
  for (const { address, asset } of listed) {
    const { threshold, bonus, [to]: ltv } = asset;
    await sender.call(configurator, abi, 'configureReserveAsCollateral', [address, ltv, threshold, bonus]);
  }
  if (!eMode) return;
  const { id, threshold, bonus, [to]: ltv } = stablesEMode;
  await sender.call(configurator, abi, 'setEModeCategory', [id, ltv, threshold, bonus, 'Stablecoins']);
}

/** Supplies every reserve with liquidity that belongs to plain depositors without debt. */
export async function supplyDepth(
  sender: Sender,
  listed: readonly Listed[],
  pool: Address,
  depositors: readonly Address[],
): Promise<void> {
  const { abi } = foundryArtifact('PoolInstance');
  for (const { address } of listed) await approveToken(sender, address, pool);
  for (const each of listed) {
    const share = unitsOf(each.asset, each.asset.depth / depositors.length);
    await mintListed(sender, each, share * BigInt(depositors.length));
    for (const depositor of depositors) await sender.call(pool, abi, 'supply', [each.address, share, depositor, 0]);
  }
}

async function readAddress(sender: Sender, provider: Address, id: Hex): Promise<Address> {
  const data = encodeFunctionData({ abi: providerAbi, args: [id] });
  const result = await sender.request<Hex>('eth_call', [{ to: provider, data }, 'latest']);
  return decodeFunctionResult({ abi: providerAbi, data: result });
}
