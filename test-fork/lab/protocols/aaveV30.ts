import { type Address, getContractAddress, zeroAddress } from 'viem';
import { npmArtifact } from '../artifacts.ts';
import type { LabDirectory } from '../directory.ts';
import type { Sender } from '../sender.ts';
import { approveByDeployer, assets, give, type Listed, symbols, type Tokens, unitsFor } from '../tokens.ts';

/** Whole USD of each asset supplied, and borrowed again of some, by the deployer. */
const SUPPLIED_USD = 20_000_000;
const BORROWED_USD = 5_000_000;

const RAY = 10n ** 27n;

const artifact = (path: string) =>
  npmArtifact(`@aave/core-v3/artifacts/contracts/${path}.sol/${path.split('/').at(-1)}.json`);

/** The Pool's implementation. */
export const aaveV30Pool = () => artifact('protocol/pool/Pool');

const logic = (name: string) => artifact(`protocol/libraries/logic/${name}`);

/**
 * Deploys a market of Aave v3.0 from the bytecode in `@aave/core-v3` (solc 0.8.10): the tokens, feeds and risk parameters of
 * the 3.6 market, an oracle of its own, close factor 50 % above a health of 0.95, and a flash-loan premium of 9 bps.
 */
export async function deployAaveV30(
  sender: Sender,
  tokens: Tokens,
): Promise<Omit<LabDirectory['aaveV30'], 'borrowers'>> {
  const { deploy, call, deployer } = sender;
  const libraries: Record<string, Address> = {};
  // FlashLoanLogic links BorrowLogic, hence the order.
  for (const name of [
    'BorrowLogic',
    'BridgeLogic',
    'ConfiguratorLogic',
    'EModeLogic',
    'FlashLoanLogic',
    'LiquidationLogic',
    'PoolLogic',
    'SupplyLogic',
  ])
    libraries[name] = await deploy(logic(name), [], libraries);

  const provider = artifact('protocol/configuration/PoolAddressesProvider');
  const addressesProvider = await deploy(provider, ['Plimsoll lab v3.0', deployer]);
  await call(addressesProvider, provider.abi, 'setACLAdmin', [deployer]);
  const acl = artifact('protocol/configuration/ACLManager');
  const aclManager = await deploy(acl, [addressesProvider]);
  await call(addressesProvider, provider.abi, 'setACLManager', [aclManager]);
  await call(aclManager, acl.abi, 'addPoolAdmin', [deployer]);
  const sources = [symbols.map((symbol) => tokens.tokens[symbol]), symbols.map((symbol) => tokens.feeds[symbol])];
  const base = [zeroAddress, zeroAddress, 10n ** 8n];
  const oracle = await deploy(artifact('misc/AaveOracle'), [addressesProvider, ...sources, ...base]);
  await call(addressesProvider, provider.abi, 'setPriceOracle', [oracle]);
  const poolImplementation = await deploy(aaveV30Pool(), [addressesProvider], libraries);
  const configuratorImplementation = await deploy(artifact('protocol/pool/PoolConfigurator'), [], libraries);
  const dataProvider = await deploy(artifact('misc/AaveProtocolDataProvider'), [addressesProvider]);
  await call(addressesProvider, provider.abi, 'setPoolDataProvider', [dataProvider]);
  await sender.mine();
  // The provider creates both proxies, and nothing else.
  const [pool, configurator] = [1n, 2n].map((nonce) => getContractAddress({ from: addressesProvider, nonce }));
  await call(addressesProvider, provider.abi, 'setPoolImpl', [poolImplementation]);
  await call(addressesProvider, provider.abi, 'setPoolConfiguratorImpl', [configuratorImplementation]);
  const creationBlock = await sender.mine();
  await listReserves(sender, tokens, { pool: pool!, configurator: configurator!, addressesProvider });
  await openReserves(sender, tokens, pool!);
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

type Market = { pool: Address; configurator: Address; addressesProvider: Address };

async function listReserves(sender: Sender, { tokens }: Tokens, market: Market): Promise<void> {
  const { deploy, deployer } = sender;
  const { pool, configurator, addressesProvider } = market;
  const { abi } = artifact('protocol/pool/PoolConfigurator');
  const configure = (name: string, args: readonly unknown[], gas = 500_000) =>
    sender.call(configurator, abi, name, args, { gas });

  const aTokenImpl = await deploy(artifact('protocol/tokenization/AToken'), [pool]);
  const stableDebtTokenImpl = await deploy(artifact('protocol/tokenization/StableDebtToken'), [pool]);
  const variableDebtTokenImpl = await deploy(artifact('protocol/tokenization/VariableDebtToken'), [pool]);
  const percent = (value: bigint) => (value * RAY) / 100n;
  const strategy = await deploy(artifact('protocol/pool/DefaultReserveInterestRateStrategy'), [
    addressesProvider,
    percent(80n),
    ...[0n, percent(4n), percent(75n)],
    ...[percent(5n), percent(75n), percent(1n), percent(8n), percent(20n)],
  ]);
  await configure(
    'initReserves',
    [
      symbols.map((symbol) => ({
        aTokenImpl,
        stableDebtTokenImpl,
        variableDebtTokenImpl,
        underlyingAssetDecimals: assets[symbol].decimals,
        interestRateStrategyAddress: strategy,
        underlyingAsset: tokens[symbol],
        treasury: deployer,
        incentivesController: zeroAddress,
        aTokenName: `Aave Lab v3.0 ${symbol}`,
        aTokenSymbol: `aLab30${symbol}`,
        variableDebtTokenName: `Aave Lab v3.0 Variable Debt ${symbol}`,
        variableDebtTokenSymbol: `variableDebtLab30${symbol}`,
        stableDebtTokenName: `Aave Lab v3.0 Stable Debt ${symbol}`,
        stableDebtTokenSymbol: `stableDebtLab30${symbol}`,
        params: '0x',
      })),
    ],
    14_000_000,
  );
  await configure('updateFlashloanPremiumTotal', [9]);
  for (const symbol of symbols) {
    const { ltv, threshold, bonus, reserveFactor, protocolFee } = assets[symbol];
    await configure('configureReserveAsCollateral', [tokens[symbol], ltv, threshold, bonus]);
    await configure('setReserveBorrowing', [tokens[symbol], true]);
    await configure('setReserveFlashLoaning', [tokens[symbol], true]);
    await configure('setReserveFactor', [tokens[symbol], reserveFactor]);
    await configure('setLiquidationProtocolFee', [tokens[symbol], protocolFee]);
  }
}

/** As `setLtvs` of the 3.6 market. */
export async function setLtvsV30(
  sender: Sender,
  listed: readonly Listed[],
  configurator: Address,
  to: 'threshold' | 'ltv',
): Promise<void> {
  const { abi } = artifact('protocol/pool/PoolConfigurator');
  for (const { address, asset } of listed) {
    const { threshold, bonus, [to]: ltv } = asset;
    await sender.call(configurator, abi, 'configureReserveAsCollateral', [address, ltv, threshold, bonus]);
  }
}

/** Supplies every reserve and borrows of two, so that interest accrues. */
async function openReserves(sender: Sender, tokens: Tokens, pool: Address): Promise<void> {
  const { abi } = aaveV30Pool();
  const { deployer } = sender;
  await approveByDeployer(sender, tokens, pool);
  for (const symbol of symbols) {
    await give(sender, tokens, symbol, deployer, SUPPLIED_USD);
    await sender.call(pool, abi, 'supply', [tokens.tokens[symbol], unitsFor(symbol, SUPPLIED_USD), deployer, 0]);
  }
  for (const symbol of ['WETH', 'USDC'] as const) {
    const borrowed = unitsFor(symbol, BORROWED_USD);
    await sender.call(pool, abi, 'borrow', [tokens.tokens[symbol], borrowed, 2n, 0, deployer]);
  }
}
