import { foundryArtifact } from '../artifacts.ts';
import type { LabDirectory } from '../directory.ts';
import type { Sender } from '../sender.ts';
import { give, symbols, type Tokens } from '../tokens.ts';

/** Whole USD of each asset that a flash lender of the lab holds. */
export const LENDER_USD = 50_000_000;

/**
 * Deploys Morpho Blue, compiled from `@morpho-org/morpho-blue` with solc 0.8.19 as on Ethereum. It lends its whole balance
 * of a token, whichever markets that came from, so a transfer does for a market here.
 */
export async function deployMorpho(sender: Sender, tokens: Tokens): Promise<LabDirectory['morpho']> {
  const morpho = await sender.deploy(foundryArtifact('Morpho', 'morpho'), [sender.deployer]);
  for (const symbol of symbols) await give(sender, tokens, symbol, morpho, LENDER_USD);
  return { morpho, owner: sender.deployer };
}
