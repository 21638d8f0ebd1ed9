import type { Address, Hash } from 'viem';
import type { FlyingLeg } from '../harness/legs.ts';
import type { Scene } from '../harness/scene.ts';
import { type Random, random } from '../lab/random.ts';
import { type AssetSymbol, symbols } from '../lab/tokens.ts';
import { abi, doings, inventPerson, type Profile, person, sendCalls, wakePeople } from './people.ts';
import { type Moving, priceCalls, pricePath, pricesNow } from './prices.ts';
import { reorg } from './reorg.ts';

/** What has happened so far. */
export type Counts = {
  blocks: number;
  reorgs: number;
  unwoundBlocks: number;
  /** Transactions of the operator that reorgs took out of the chain. */
  unwoundOurs: number;
  borrowers: number;
  rivals: number;
};

export type Script = {
  readonly counts: Counts;
  /** Transactions of the operator that a reorg put into other blocks by itself. */
  readonly kept: ReadonlySet<Hash>;
  /** Blocks that reorgs made, and the first after each: what was sent before may meet another price there. */
  readonly swept: ReadonlySet<bigint>;
  /** The block after which a reorg comes, with its depth. */
  readonly reorgs: ReadonlyMap<number, number>;
  /** Blocks in which the price of ether moves. */
  readonly moves: readonly number[];
  /** Mines block `index` of the day, counted from 0. @param flying - what the keeper has on its way, for a rival to take */
  block(index: number, flying?: readonly FlyingLeg[]): Promise<void>;
  /** The reorg that comes after this block, if one does. */
  after(index: number): Promise<void>;
};

const DEEPEST = 32;
const CHANCE = { WETH: 0.16, WBTC: 0.08, open: 0.3, repay: 0.12, withdraw: 0.1, transfer: 0.12, rival: 0.3 } as const;
/** Reserved numbers of a block's generator: the same block does the same, whatever came before. */
const perBlock = (seed: number, index: number): Random => random(Math.imul(seed, 100_003) + index);

/** Wakes everybody in a forked lab that does not mine by itself, and tells what each block of the day brings. */
export async function openScript(
  scene: Scene,
  { seed, blocks, reorgs: count }: { seed: number; blocks: number; reorgs: number },
): Promise<Script> {
  const { client, directory, operator } = scene;
  // One comes in three blocks of ten; with reorgs, and by chance, more.
  await wakePeople(scene, 100 + Math.ceil(blocks / 2));
  const aTokens = await client.multicall({
    allowFailure: false,
    contracts: symbols.map((symbol) => {
      const args = [directory.tokens[symbol].address] as const;
      return { address: directory.aave.pool, abi, functionName: 'getReserveAToken', args } as const;
    }),
  });
  const act = doings(
    scene,
    Object.fromEntries(symbols.map((symbol, index) => [symbol, aTokens[index]!])) as Record<AssetSymbol, Address>,
  );
  const moving = ['WETH', 'WBTC'] as const satisfies readonly Moving[];
  const paths = new Map(moving.map((symbol) => [symbol, pricePath(seed, symbol, blocks)]));
  const moves = new Map(
    moving.map((symbol) => {
      const rng = random(seed + symbol.charCodeAt(1));
      return [symbol, Array.from({ length: blocks }, (_, index) => index).filter(() => rng.next() < CHANCE[symbol])];
    }),
  );

  const rng = random(seed);
  const step = Math.floor((blocks - DEEPEST) / count);
  const reorgs = new Map(
    Array.from({ length: count }, (_, index) => {
      const at = DEEPEST + index * step + Math.floor(rng.next() * step);
      // The first is the deepest, so that every day has one of 32.
      return [at, index === 0 ? DEEPEST : Math.floor(rng.logBetween(1, DEEPEST + 1))] as const;
    }),
  );
  const people: Profile[] = [];
  const counts: Counts = { blocks: 0, reorgs: 0, unwoundBlocks: 0, unwoundOurs: 0, borrowers: 0, rivals: 0 };

  const kept = new Set<Hash>();
  const swept = new Set<bigint>();

  return {
    counts,
    kept,
    swept,
    reorgs,
    moves: moves.get('WETH')!,

    async block(index, flying = []) {
      const rng = perBlock(seed, index);
      const now = await pricesNow(scene);
      const somebody = () => people[Math.floor(rng.next() * people.length)];
      const happens = (what: keyof typeof CHANCE) => rng.next() < CHANCE[what];
      if (happens('open')) {
        const profile = inventPerson(people.length, rng, now);
        people.push(profile);
        counts.borrowers += 1;
        await sendCalls(scene, act.open(profile));
      }
      for (const what of ['repay', 'withdraw', 'transfer'] as const) {
        const who = somebody();
        const part = rng.between(0.01, 0.2);
        const other = person(Math.floor(rng.next() * (people.length + 1)));
        if (!happens(what) || !who) continue;
        await sendCalls(scene, [what === 'transfer' ? act.transfer(who, other, part) : act[what](who, part)]);
      }
      for (const symbol of moving) {
        if (!moves.get(symbol)!.includes(index)) continue;
        await sendCalls(scene, await priceCalls(scene, now, symbol, paths.get(symbol)![index]!));
      }
      const prey = flying[0];
      if (happens('rival') && prey) {
        counts.rivals += 1;
        await sendCalls(scene, [act.rival(prey.account, prey.debt, prey.collateral)]);
      }
      await client.mine({ blocks: 1 });
      counts.blocks += 1;
    },

    async after(index) {
      const depth = reorgs.get(index);
      if (depth === undefined) return;
      const done = await reorg(scene, operator, depth, perBlock(seed, -1 - index));
      if (done.depth === 0) return;
      counts.reorgs += 1;
      counts.unwoundBlocks += done.depth;
      counts.unwoundOurs += done.ours - done.kept.length;
      for (const hash of done.kept) kept.add(hash);
      const tip = await client.getBlockNumber({ cacheTime: 0 });
      for (let back = -1; back < done.depth; back++) swept.add(tip - BigInt(back));
    },
  };
}
