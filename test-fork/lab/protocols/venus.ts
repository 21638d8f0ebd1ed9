import { type Artifact, npmArtifact } from '../artifacts.ts';
import type { LabDirectory } from '../directory.ts';
import type { Sender } from '../sender.ts';
import type { Tokens } from '../tokens.ts';
import {
  CLOSE_FACTOR,
  collateralFactors,
  deployMarkets,
  deployOracle,
  LIQUIDATION_INCENTIVE,
  marketNames,
  openMarkets,
} from './vTokens.ts';

/** Reads an artifact of Venus 0.4.1, compiled by its authors with solc 0.5.16. */
export const venus041 = (path: string): Artifact =>
  npmArtifact(`venus-0.4.1/artifacts/${path}.sol/${path.split('/').at(-1)}.json`);

/**
 * Deploys Venus 0.4.1 from its published bytecode: one Comptroller behind the Unitroller, the closest there is to Compound v2.
 * Anyone may liquidate on the vTokens themselves. The deployer is every admin.
 */
export async function deployVenus(sender: Sender, tokens: Tokens): Promise<LabDirectory['venus']> {
  const { deployer } = sender;
  const oracle = await deployOracle(sender, tokens, venus041);
  const unitroller = venus041('contracts/Unitroller');
  const comptrollerArtifact = venus041('contracts/Comptroller');
  const { abi } = comptrollerArtifact;
  const comptroller = await sender.deploy(unitroller);
  const implementation = await sender.deploy(comptrollerArtifact);
  await sender.call(comptroller, unitroller.abi, '_setPendingImplementation', [implementation]);
  await sender.call(implementation, abi, '_become', [comptroller]);
  const lens = await sender.deploy(venus041('contracts/Lens/ComptrollerLens'));
  await sender.call(comptroller, abi, '_setComptrollerLens', [lens]);
  await sender.call(comptroller, abi, '_setPriceOracle', [oracle]);
  await sender.call(comptroller, abi, '_setCloseFactor', [CLOSE_FACTOR]);
  await sender.call(comptroller, abi, '_setLiquidationIncentive', [LIQUIDATION_INCENTIVE]);

  const percent = 10n ** 16n;
  const interestRateModel = await sender.deploy(venus041('contracts/JumpRateModel'), [
    0n,
    5n * percent,
    109n * percent,
    80n * percent,
  ]);
  const settings = { comptroller, interestRateModel, folder: 'contracts/', artifacts: venus041 };
  const markets = await deployMarkets(sender, tokens, settings);
  for (const name of marketNames) {
    await sender.call(comptroller, abi, '_supportMarket', [markets[name]]);
    await sender.call(comptroller, abi, '_setCollateralFactor', [markets[name], collateralFactors[name]]);
  }
  await openMarkets(sender, tokens, markets, { ...settings, comptrollerAbi: abi });
  return { comptroller, oracle, admin: deployer, markets };
}
