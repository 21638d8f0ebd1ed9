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
import { approveByDeployer, assets, mintForDeployer, symbols, type Tokens, unitsFor } from './tokens.ts';

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

/** Deploys the market the way Aave's own deployment does, with the deployer as every admin, and lists all assets. */
export async function deployAave(sender: Sender, tokens: Tokens): Promise<Aave> {
  const { deploy, call, deployer } = sender;
  const artifact = foundryArtifact;
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
    libraries[name] = await deploy(artifact(name), [], libraries);

  const provider = artifact('PoolAddressesProvider');
  const addressesProvider = await deploy(provider, ['Plimsoll lab', deployer]);
  await call(addressesProvider, provider.abi, 'setACLAdmin', [deployer]);
  const acl = artifact('ACLManager');
  const aclManager = await deploy(acl, [addressesProvider]);
  await call(addressesProvider, provider.abi, 'setACLManager', [aclManager]);
  await call(aclManager, acl.abi, 'addPoolAdmin', [deployer]);

  const sources = [symbols.map((symbol) => tokens.tokens[symbol]), symbols.map((symbol) => tokens.feeds[symbol])];
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
  const uiPoolDataProvider = await deploy(artifact('UiPoolDataProviderV3'), [tokens.feeds.WETH, tokens.feeds.USDC]);

  const aave = {
    pool: pool!,
    addressesProvider,
    configurator: configurator!,
    oracle,
    dataProvider,
    uiPoolDataProvider,
  };
  await listReserves(sender, tokens, aave);
  return { ...aave, aclAdmin: deployer, creationBlock };
}

async function listReserves(sender: Sender, { tokens }: Tokens, aave: { pool: Address; configurator: Address }) {
  const { deploy, deployer } = sender;
  const { abi } = foundryArtifact('PoolConfiguratorInstance');
  const configure = (name: string, args: readonly unknown[]) =>
    sender.call(aave.configurator, abi, name, args, { gas: name === 'initReserves' ? 12_000_000 : 500_000 });

  const aTokenImpl = await deploy(foundryArtifact('ATokenInstance'), [aave.pool, zeroAddress, deployer]);
  const variableDebtTokenImpl = await deploy(foundryArtifact('VariableDebtTokenInstance'), [aave.pool, zeroAddress]);
  await configure('initReserves', [
    symbols.map((symbol) => ({
      aTokenImpl,
      variableDebtTokenImpl,
      underlyingAsset: tokens[symbol],
      aTokenName: `Aave Lab ${symbol}`,
      aTokenSymbol: `aLab${symbol}`,
      variableDebtTokenName: `Aave Lab Variable Debt ${symbol}`,
      variableDebtTokenSymbol: `variableDebtLab${symbol}`,
      params: '0x',
      interestRateData: encodeAbiParameters(
        [{ type: 'uint16' }, { type: 'uint32' }, { type: 'uint32' }, { type: 'uint32' }],
        assets[symbol].rate,
      ),
    })),
  ]);
  for (const symbol of symbols) {
    const { reserveFactor, protocolFee } = assets[symbol];
    await configure('setReserveBorrowing', [tokens[symbol], true]);
    await configure('setReserveFlashLoaning', [tokens[symbol], true]);
    await configure('setReserveFactor', [tokens[symbol], reserveFactor]);
    await configure('setLiquidationProtocolFee', [tokens[symbol], protocolFee]);
  }
  await configure('updateFlashloanPremium', [5]);
  await setLtvs(sender, tokens, aave.configurator, 'threshold');
  for (const symbol of stablesEMode.members) {
    await configure('setAssetCollateralInEMode', [tokens[symbol], stablesEMode.id, true]);
    await configure('setAssetBorrowableInEMode', [tokens[symbol], stablesEMode.id, true]);
  }
}

/**
 * Sets every loan-to-value. While borrowers are made it equals the liquidation threshold, so that one may borrow up to the
 * line; afterwards it goes down to what Aave uses. Health depends on the threshold alone.
 */
export async function setLtvs(
  sender: Sender,
  tokens: Tokens['tokens'],
  configurator: Address,
  to: 'threshold' | 'ltv',
): Promise<void> {
  const { abi } = foundryArtifact('PoolConfiguratorInstance');
  for (const symbol of symbols) {
    const { threshold, bonus, [to]: ltv } = assets[symbol];
    await sender.call(configurator, abi, 'configureReserveAsCollateral', [tokens[symbol], ltv, threshold, bonus]);
  }
  const { id, threshold, bonus, [to]: ltv } = stablesEMode;
  await sender.call(configurator, abi, 'setEModeCategory', [id, ltv, threshold, bonus, 'Stablecoins']);
}

/** Supplies every reserve with liquidity that belongs to plain depositors without debt. */
export async function supplyDepth(sender: Sender, tokens: Tokens, pool: Address, depositors: readonly Address[]) {
  const { abi } = foundryArtifact('PoolInstance');
  await approveByDeployer(sender, tokens, pool);
  for (const symbol of symbols) {
    const share = unitsFor(symbol, assets[symbol].depth / depositors.length);
    await mintForDeployer(sender, tokens, symbol, share * BigInt(depositors.length));
    for (const depositor of depositors)
      await sender.call(pool, abi, 'supply', [tokens.tokens[symbol], share, depositor, 0]);
  }
}

async function readAddress(sender: Sender, provider: Address, id: Hex): Promise<Address> {
  const data = encodeFunctionData({ abi: providerAbi, args: [id] });
  const result = await sender.request<Hex>('eth_call', [{ to: provider, data }, 'latest']);
  return decodeFunctionResult({ abi: providerAbi, data: result });
}
