import type { Address } from 'viem';
import { foundryArtifact } from './artifacts.ts';
import type { Borrower } from './borrowers.ts';
import type { Sender } from './sender.ts';
import { assets, mintForDeployer, type Tokens } from './tokens.ts';

/** How many of the invented accounts pay everything back: they stay in the logs, with collateral and no debt. */
export const REPAID = 8;

const SIX_HOURS = 6 * 3600;

/**
 * What happens after the accounts are open, so that the chain has more than borrowing in its logs: prices wobble around
 * where they end, and the first {@link REPAID} accounts pay everything back. The deployer pays; its allowance must be in place.
 */
export async function liveOn(
  sender: Sender,
  tokens: Tokens,
  pool: Address,
  borrowers: readonly Borrower[],
): Promise<void> {
  const feed = foundryArtifact('PriceFeed').abi;
  for (const permille of [1012n, 991n, 1000n]) {
    for (const symbol of ['WETH', 'WBTC'] as const)
      await sender.call(tokens.feeds[symbol], feed, 'set', [(assets[symbol].price * permille) / 1000n]);
    await sender.mine(SIX_HOURS);
  }
  for (const { address, debts } of borrowers.slice(0, REPAID)) {
    for (const { symbol, amount } of debts) {
      // More than the interest can have added; the pool takes what is owed.
      const enough = amount + amount / 10n;
      await mintForDeployer(sender, tokens, symbol, enough);
      const repay = [tokens.tokens[symbol], enough, 2n, address];
      await sender.call(pool, foundryArtifact('PoolInstance').abi, 'repay', repay);
    }
  }
  await sender.mine(SIX_HOURS);
}
