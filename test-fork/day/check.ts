import { join } from 'node:path';
import { type Hash, isAddressEqual, parseAbi, parseEventLogs } from 'viem';
import { expect } from 'vitest';
import { marketKey } from '../../keeper/src/store/key.ts';
import { openStore } from '../../keeper/src/store/store.ts';
import type { LogLine } from '../harness/keeper.ts';
import { flyingLegs } from '../harness/legs.ts';
import type { Scene } from '../harness/scene.ts';
import { RIVAL } from './people.ts';
import type { Script } from './script.ts';
import type { Watched } from './watched.ts';

const liquidationCall = parseAbi([
  'event LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)',
]);
/** A keeper remembers what landed for so many blocks below its head, and takes it back when they are unwound. */
const KEPT = 100_000;

/** What the chain has of the operator since a block. */
export type Ours = { hash: Hash; block: bigint; nonce: number; succeeded: boolean };

/** Each transaction of the operator that is on the chain, oldest first. */
export async function oursOf({ client, operator }: Scene, from: bigint): Promise<Ours[]> {
  const tip = await client.getBlockNumber({ cacheTime: 0 });
  const numbers = Array.from({ length: Number(tip - from) + 1 }, (_, index) => from + BigInt(index));
  const found: Ours[] = [];
  for (const blockNumber of numbers) {
    const block = await client.getBlock({ blockNumber, includeTransactions: true });
    for (const { from: sender, hash, nonce } of block.transactions) {
      if (!isAddressEqual(sender, operator)) continue;
      const { status } = await client.getTransactionReceipt({ hash });
      found.push({ hash, block: blockNumber, nonce, succeeded: status === 'success' });
    }
  }
  return found;
}

/** Liquidations on the chain since a block. */
export async function liquidations({ client, directory }: Scene, fromBlock: bigint) {
  const logs = await client.getLogs({ address: directory.aave.pool, event: liquidationCall[0], fromBlock });
  return parseEventLogs({ abi: liquidationCall, logs });
}

/**
 * The keeper's accounts are those that a new keeper with a new store reads at the same head, field by field, and the new one
 * finds nothing left to do.
 */
export async function sameAsFresh(scene: Scene, watched: Watched): Promise<void> {
  const path = join(scene.folder, 'fresh.sqlite');
  const fresh = scene.keeper(['--once', '--dry-run', '--store', path]);
  expect(await fresh.ended, fresh.output().slice(-2_000)).toBe(0);
  const accounts = ({ pool }: Scene['directory']['aave']) => ({
    read: (store: ReturnType<typeof openStore>) => {
      const { accounts, cursor } = store.market(marketKey('aave-v3', pool)).load();
      const rows = [...accounts].map(([address, row]) => [address, row && Buffer.from(row).toString('hex')] as const);
      return { cursor: cursor?.hash, rows: Object.fromEntries(rows.sort()) };
    },
  });
  const { read } = accounts(scene.directory.aave);
  const store = openStore({ path, chainId: 31337, readOnly: true });
  const anew = read(store);
  store.close();
  const kept = watched.look(read);
  expect(Object.keys(anew.rows).length).toBeGreaterThan(scene.directory.borrowers.length);
  expect(kept).toEqual(anew);
  const left = fresh.lines.filter(({ msg }) => msg === 'would liquidate');
  expect(left).toEqual([]);
}

/**
 * What the store says was done is what the chain has, no more and no less. Returns how many liquidations that are.
 *
 * @param lost - transactions that only a store knew of which is no more
 */
export async function storeTells(
  scene: Scene,
  watched: Watched,
  from: bigint,
  lost: ReadonlySet<Hash> = new Set(),
): Promise<number> {
  const happened = (await liquidations(scene, from))
    .filter(
      ({ args, transactionHash }) => isAddressEqual(args.liquidator, scene.liquidator) && !lost.has(transactionHash),
    )
    .map(({ transactionHash, blockNumber, args }) =>
      [
        transactionHash,
        blockNumber,
        args.user,
        args.debtAsset,
        args.collateralAsset,
        args.debtToCover,
        args.liquidatedCollateralAmount,
      ]
        .join()
        .toLowerCase(),
    );
  const told = watched
    .look((store) => store.liquidations.recent(KEPT))
    .filter(({ hash }) => !lost.has(hash))
    .map(({ hash, block, account, debt, collateral, repaid, seized }) =>
      [hash, block, account, debt, collateral, repaid, seized].join().toLowerCase(),
    );
  expect(told.sort()).toEqual(happened.sort());
  const landed = watched
    .look((store) => store.attempts.recent(KEPT))
    .filter(({ state, hashes }) => state === 'landed' && !hashes.some((hash) => lost.has(hash)));
  const hashes = new Set(happened.map((line) => line.slice(0, 66)));
  expect(landed.map(({ hashes: all }) => all.filter((hash) => hashes.has(hash)).length)).toEqual(landed.map(() => 1));
  expect(landed.length).toBe(hashes.size);
  return happened.length;
}

/**
 * Whatever of the operator's reverted had a rival before it: same account, same block. Returns how many did. Not counted is
 * what reorgs put into other blocks, or what was on its way to the block after: it is public, and the price may be another.
 */
export async function onlyRivalsBeat(
  scene: Scene,
  ours: readonly Ours[],
  watched: Watched,
  from: bigint,
  { kept, swept }: Pick<Script, 'kept' | 'swept'>,
): Promise<number> {
  const all = await liquidations(scene, from);
  const attempts = watched.look((store) => store.attempts.recent(KEPT));
  const failed = ours.filter(({ hash, block, succeeded }) => !succeeded && !kept.has(hash) && !swept.has(block));
  for (const { hash, block } of failed) {
    const attempt = attempts.find(({ hashes }) => hashes.includes(hash));
    const rivals = all.filter(
      ({ blockNumber, args }) =>
        blockNumber === block &&
        isAddressEqual(args.liquidator, RIVAL) &&
        flyingLegs(attempt?.legs ?? []).some(({ account }) => isAddressEqual(account, args.user)),
    );
    const told = {
      hash,
      block,
      reason: attempt?.reason,
      accounts: flyingLegs(attempt?.legs ?? []).map(({ account }) => account),
    };
    expect(
      rivals.length,
      JSON.stringify(told, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    ).toBe(1);
  }
  return failed.length;
}

/** Accounts for which something was sent while something of theirs was on its way, from the log of one keeper after another. */
export function sentTwice(lines: readonly LogLine[]): unknown[] {
  const open = new Map<unknown, readonly unknown[]>();
  const twice: unknown[] = [];
  for (const { msg, account, who = account, hash } of lines) {
    const accounts = [who].flat();
    // What a killed keeper had on its way, the next one takes up.
    if (msg === 'plimsoll starts') open.clear();
    if (msg === 'sent') twice.push(...accounts.filter((each) => [...open.values()].flat().includes(each)));
    if (CHANGED.includes(msg)) close(accounts);
    if (BEGUN.includes(msg) || CHANGED.includes(msg)) open.set(hash, accounts);
    // What has a receipt is told by its hash, for each leg; the rest by its accounts.
    if (ENDED.includes(msg) && !open.delete(hash)) close(accounts);
  }
  return twice;

  function close(accounts: readonly unknown[]): void {
    for (const [hash, those] of open) if (those.join() === accounts.join()) open.delete(hash);
  }
}

const BEGUN = ['sent', 'taken up', 'unwound'];
/** The same legs, under another hash. */
const CHANGED = ['bumped', 'cancelling'];
const ENDED = ['landed', 'lost', 'reverted', 'cancelled', 'replaced', 'expired'];

/** Accounts whose liquidation landed, was unwound, and landed again. */
export function landedAgain(lines: readonly LogLine[]): number {
  const unwound = new Set<unknown>();
  let again = 0;
  for (const { msg, account, who = account } of lines) {
    if (msg === 'unwound') for (const each of [who].flat()) unwound.add(each);
    if (msg === 'landed' && unwound.delete(account)) again += 1;
  }
  return again;
}
