import { type Address, numberToHex } from 'viem';
import type { Lab } from '../../test-fork/lab/anvil.ts';
import { encodeRow } from '../src/book/row.ts';
import { headOf } from '../src/chain/head.ts';
import { collateralSlot, debtSlot } from '../src/protocols/aave-v3/slots.ts';
import type { Account } from '../src/protocols/protocol.ts';
import { marketKey } from '../src/store/key.ts';
import { openStore } from '../src/store/store.ts';
import { random } from '../test/book/random.ts';

/** The lab's reserves in their order: WETH, WBTC, USDC, DAI, USDT. */
const [WETH, WBTC, USDC, DAI] = [0, 1, 2, 3] as const;

/** Healthy accounts of the lab's Aave market that nobody has ever heard of: two collaterals, two debts. */
export function inventAccounts(count: number): Account[] {
  const rng = random(count);
  return Array.from({ length: count }, () => ({
    address: rng.address(),
    group: 0,
    cells: [
      { slot: collateralSlot(WETH), amount: 10n ** 18n + rng.sized(59) },
      { slot: collateralSlot(WBTC), amount: 10n ** 6n + rng.sized(20) },
      { slot: debtSlot(USDC), amount: 10n ** 7n + rng.sized(28) },
      { slot: debtSlot(DAI), amount: 10n ** 19n + rng.sized(67) },
    ].sort((a, b) => a.slot - b.slot),
  }));
}

/** Accounts with nothing but a flag or a few units: what an attacker could fill a market with. */
export function inventDust(count: number): Account[] {
  const rng = random(count + 1);
  return Array.from({ length: count }, (_, index) => ({
    address: rng.address(),
    group: 0,
    cells:
      index % 2 === 0
        ? [{ slot: collateralSlot(USDC), amount: 1n + rng.sized(4) }]
        : [
            { slot: debtSlot(USDC), amount: 1n },
            { slot: collateralSlot(USDC), amount: 100n + rng.sized(8) },
          ],
  }));
}

/** Writes a store for the lab as it is now, its market searched to the end and holding `accounts`. */
export async function stock(lab: Lab, path: string, accounts: readonly Account[]): Promise<void> {
  const { client, directory } = lab;
  const { pool, creationBlock } = directory.aave;
  const number = await client.getBlockNumber({ cacheTime: 0 });
  const block = await client.request({ method: 'eth_getBlockByNumber', params: [numberToHex(number), false] });
  const { hash, parentHash, timestamp } = headOf(block);
  const store = openStore({ path, chainId: directory.chainId });
  try {
    store.market(marketKey('aave-v3', pool as Address)).commit({
      rows: accounts.map((account) => [account.address, encodeRow(account)] as const),
      cursor: { number, hash, timestamp },
      backfill: { fromBlock: BigInt(creationBlock), nextBlock: number + 1n, done: true },
      journal: { add: [{ number, hash, parentHash, touched: [], found: [] }] },
    });
  } finally {
    store.close();
  }
}
