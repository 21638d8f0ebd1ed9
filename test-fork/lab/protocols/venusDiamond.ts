import { type Abi, type Address, type Hex, toFunctionSelector } from 'viem';
import { type Artifact, foundryArtifact, npmArtifact } from '../artifacts.ts';
import type { LabDirectory } from '../directory.ts';
import type { Sender } from '../sender.ts';
import type { Tokens } from '../tokens.ts';
import {
  CLOSE_FACTOR,
  collateralFactors,
  deployMarkets,
  LIQUIDATION_INCENTIVE,
  type Markets,
  marketNames,
  openMarkets,
} from './vTokens.ts';

const artifacts = (path: string): Artifact =>
  npmArtifact(`@venusprotocol/venus-protocol/artifacts/${path}.sol/${path.split('/').at(-1)}.json`);

const COMPTROLLER = 'contracts/Comptroller/';
const FACETS = ['MarketFacet', 'PolicyFacet', 'RewardFacet', 'SetterFacet', 'FlashLoanFacet'];
const V_TOKENS = 'contracts/Tokens/VTokens/';
/** Of a liquidation's bonus, and of what is redeemed; 18 decimals. */
const BONUS_TO_TREASURY = 5n * 10n ** 17n;
const REDEEMED_TO_TREASURY = 10n ** 15n;
/** What a liquidation threshold lies above the collateral factor. */
const THRESHOLD_MARGIN = 2n * 10n ** 16n;

/**
 * Deploys Venus 10.3.0 from its published bytecode (solc 0.8.25): a diamond behind the Unitroller, and in front of it the
 * Liquidator that alone may liquidate. It keeps half of the bonus, and a redemption costs 0.1 %. The deployer is every admin.
 * @param oracle Venus' oracle over the lab's feeds.
 */
export async function deployVenusDiamond(
  sender: Sender,
  tokens: Tokens,
  oracle: Address,
): Promise<LabDirectory['venusDiamond']> {
  const { deploy, call, deployer } = sender;
  const comptroller = await deployDiamond(sender);
  const { abi } = artifacts(`${COMPTROLLER}Diamond/DiamondConsolidated`);
  const set = (name: string, args: readonly unknown[]) => call(comptroller, abi, name, args);

  const accessControl = await deploy(artifacts('contracts/test/AccessControlManagerMock'), [deployer]);
  const periphery = await deploy(foundryArtifact('VenusPeriphery'), [oracle]);
  const vaiController = await deployVaiController(sender, comptroller);
  await set('_setAccessControl', [accessControl]);
  await set('_setComptrollerLens', [await deploy(artifacts('contracts/Lens/ComptrollerLens'))]);
  await set('_setPriceOracle', [oracle]);
  await set('setDeviationBoundedOracle', [periphery]);
  await set('_setCloseFactor', [CLOSE_FACTOR]);
  await set('_setVAIController', [vaiController]);
  await set('_setTreasuryData', [deployer, deployer, REDEEMED_TO_TREASURY]);

  const percent = 10n ** 16n;
  const rates = [0n, 5n * percent, 109n * percent, 80n * percent, 10_512_000n];
  const interestRateModel = await deploy(artifacts('contracts/InterestRateModels/JumpRateModel'), rates);
  const settings = { comptroller, interestRateModel, folder: V_TOKENS, artifacts };
  const markets = await deployMarkets(sender, tokens, settings);
  for (const name of marketNames) {
    const market = markets[name];
    await set('_supportMarket', [market]);
    await set('setLiquidationIncentive', [market, LIQUIDATION_INCENTIVE]);
    const factor = collateralFactors[name];
    await set('setCollateralFactor', [market, factor, factor + THRESHOLD_MARGIN]);
    await set('setIsBorrowAllowed', [0n, market, true]);
  }
  const vToken = artifacts(`${V_TOKENS}VBep20Delegate`).abi;
  for (const name of marketNames) {
    await call(markets[name], vToken, 'setAccessControlManager', [accessControl]);
    await call(markets[name], vToken, 'setProtocolShareReserve', [periphery]);
    await call(markets[name], vToken, 'setReduceReservesBlockDelta', [28_800n]);
  }
  await openMarkets(sender, tokens, markets, { ...settings, comptrollerAbi: abi });

  const gate = { comptroller, accessControl, shareReserve: periphery };
  const liquidator = await deployLiquidator(sender, tokens, markets, gate);
  await set('_setLiquidatorContract', [liquidator]);
  return { comptroller, liquidator, oracle, vaiController, treasury: deployer, admin: deployer, markets };
}

async function deployDiamond(sender: Sender): Promise<Address> {
  const unitroller = artifacts(`${COMPTROLLER}Unitroller`);
  const diamondArtifact = artifacts(`${COMPTROLLER}Diamond/Diamond`);
  const comptroller = await sender.deploy(unitroller);
  const diamond = await sender.deploy(diamondArtifact);
  await sender.call(comptroller, unitroller.abi, '_setPendingImplementation', [diamond]);
  await sender.call(diamond, diamondArtifact.abi, '_become', [comptroller]);
  const taken = new Set<Hex>();
  for (const name of FACETS) {
    const facet = artifacts(`${COMPTROLLER}Diamond/facets/${name}`);
    const facetAddress = await sender.deploy(facet);
    // What all facets inherit goes to the first.
    const functionSelectors = selectors(facet.abi).filter((selector) => !taken.has(selector));
    for (const selector of functionSelectors) taken.add(selector);
    const cut = [{ facetAddress, action: 0, functionSelectors }];
    await sender.call(comptroller, diamondArtifact.abi, 'diamondCut', [cut], { gas: 9_000_000 });
  }
  return comptroller;
}

const selectors = (abi: Abi) => abi.filter((item) => item.type === 'function').map((item) => toFunctionSelector(item));

async function deployVaiController(sender: Sender, comptroller: Address): Promise<Address> {
  const unitroller = artifacts('contracts/Tokens/VAI/VAIUnitroller');
  const artifact = artifacts('contracts/Tokens/VAI/VAIController');
  const controller = await sender.deploy(unitroller);
  const implementation = await sender.deploy(artifact);
  await sender.call(controller, unitroller.abi, '_setPendingImplementation', [implementation]);
  await sender.call(implementation, artifact.abi, '_become', [controller]);
  await sender.call(controller, artifact.abi, 'initialize', []);
  await sender.call(controller, artifact.abi, '_setComptroller', [comptroller]);
  return controller;
}

type Gate = { comptroller: Address; accessControl: Address; shareReserve: Address };

async function deployLiquidator(sender: Sender, { tokens }: Tokens, markets: Markets, gate: Gate): Promise<Address> {
  const artifact = artifacts('contracts/Liquidator/Liquidator');
  const implementation = await sender.deploy(artifact, [gate.comptroller, markets.ETH, tokens.WETH]);
  const proxy = artifacts('@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy');
  const liquidator = await sender.deploy(proxy, [implementation, '0x']);
  const initial = [BONUS_TO_TREASURY, gate.accessControl, gate.shareReserve];
  await sender.call(liquidator, artifact.abi, 'initialize', initial);
  return liquidator;
}
