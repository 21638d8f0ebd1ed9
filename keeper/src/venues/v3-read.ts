import { type Address, type PublicClient, parseAbi } from 'viem';
import { type Answer, type Block, type Call, readTogether } from '../chain/view.ts';
import { MAX_TICK, MIN_TICK } from './v3-math.ts';
import { type Tick, tickOf, type V3Pool, type V3State, wordOf } from './v3-pool.ts';

// PancakeSwap's `feeProtocol` has 32 bits, Uniswap's 8 of the same word. Of `ticks` only what is needed is named: what
// follows differs between forks.
const poolAbi = parseAbi([
  'function slot0() view returns (uint160 sqrtPriceX96, int24 tick, uint16, uint16, uint16, uint32 feeProtocol, bool unlocked)',
  'function liquidity() view returns (uint128)',
  'function tickBitmap(int16) view returns (uint256)',
  'function ticks(int24) view returns (uint128 liquidityGross, int128 liquidityNet)',
]);
type Slot0 = readonly [bigint, number, number, number, number, number, boolean];

/** Ticks to know on either side of the price at least: down to three quarters of it and up to four thirds. */
const WINDOW_TICKS = 2_877;
const WORD_BITS = 256;

type Words = V3State['words'];

/** What could be read, and why the other pools could not; and the answers to what was asked alongside. */
export type PoolsRead = { states: Map<Address, V3State>; leftOut: Map<Address, string>; alongside: Answer[] };

/** What is known of pools before they are read. */
export type Known = {
  /** As they were at some block. */
  states?: ReadonlyMap<Address, V3State>;
  /** Those of them whose ticks were the same at the parent of the block that is read. */
  held?: ReadonlySet<Address>;
  /** The pools whose ticks moved in that block itself, lower case; `undefined` where nobody can say. */
  moved?: Promise<ReadonlySet<string> | undefined>;
};

/**
 * The pools at one block. All are asked for price and liquidity in one multicall, those that are known, but not held, for their
 * windows and ticks as well, and the ticks that are new come in a second. Pools that are held are asked for nothing more. A pool
 * that is new, or whose price has left its window, needs three multicalls: price, window, ticks; one that was held and moved
 * at this block two or three; however many there are.
 *
 * A pool that is not initialized, locked, or gives no answer is left out with the reason.
 *
 * @param alongside - other calls, made in the first multicall
 * @throws the node's error when it fails
 */
export async function readPools(
  client: PublicClient,
  pools: readonly V3Pool[],
  block: Block,
  { states: known = new Map(), held = new Set(), moved }: Known = {},
  alongside: readonly Call[] = [],
): Promise<PoolsRead> {
  const facts = new Map(pools.map((pool) => [pool.address, noFacts()]));
  const first = [
    ...pools.flatMap(({ address }) => [ask(address, 'slot0'), ask(address, 'liquidity')]),
    ...pools.flatMap(({ address }) => (held.has(address) ? [] : window(known.get(address)))),
  ];
  const [others, changed] = await Promise.all([learn(client, block, facts, first, alongside), moved]);
  const isHeld = (address: Address) =>
    held.has(address) && changed !== undefined && !changed.has(address.toLowerCase());

  const leftOut = new Map<Address, string>();
  const windows = new Map<Address, Words>();
  for (const { address, tickSpacing } of pools) {
    const { slot0, liquidity } = facts.get(address)!;
    if (slot0 === undefined || liquidity === undefined) leftOut.set(address, 'it does not answer as a pool');
    else if (slot0[0] === 0n) leftOut.set(address, 'it is not initialized');
    else if (!slot0[6]) leftOut.set(address, 'it is locked');
    else windows.set(address, windowAround(slot0[1], tickSpacing, known.get(address)?.words));
  }
  const same = (address: Address) => isHeld(address) && windows.get(address) === known.get(address)?.words;
  await learnTicks(
    client,
    block,
    facts,
    pools.filter(({ address }) => windows.has(address) && !same(address)),
    windows,
    known,
  );

  const states = new Map<Address, V3State>();
  for (const pool of pools) {
    const words = windows.get(pool.address);
    if (!words) continue;
    const fact = facts.get(pool.address)!;
    const ticks = same(pool.address) ? known.get(pool.address)!.ticks : ticksIn(words, pool, fact);
    if (!ticks) {
      leftOut.set(pool.address, 'its ticks cannot be read');
      continue;
    }
    const [sqrtPriceX96, tick] = fact.slot0!;
    states.set(pool.address, {
      ...pool,
      venue: 'uniswapV3',
      sqrtPriceX96,
      tick,
      liquidity: fact.liquidity!,
      ticks,
      words,
    });
  }
  return { states, leftOut, alongside: others };
}

/**
 * The same pool with a window that is wider in one direction: by as many words again as it has, so that a few steps reach
 * the end of all prices.
 *
 * @param state - as it was read, not after a quote
 * @param block - that it was read at
 * @throws when the ticks cannot be read, or the window is at the end of all prices already
 */
export async function extend(
  client: PublicClient,
  state: V3State,
  zeroForOne: boolean,
  block: Block,
): Promise<V3State> {
  const { address, tickSpacing, words: old } = state;
  const more = old.to - old.from + 1;
  const [first, last] = [wordOf(MIN_TICK, tickSpacing), wordOf(MAX_TICK, tickSpacing)];
  const added = zeroForOne
    ? { from: Math.max(first, old.from - more), to: old.from - 1 }
    : { from: old.to + 1, to: Math.min(last, old.to + more) };
  if (added.from > added.to) throw new Error(`the window of pool ${address} ends where all prices end`);
  const facts = new Map([[address, noFacts()]]);
  await learnTicks(client, block, facts, [state], new Map([[address, added]]), new Map());
  const found = ticksIn(added, state, facts.get(address)!);
  if (!found) throw new Error(`the ticks of pool ${address} cannot be read`);
  const ticks = zeroForOne ? [...found, ...state.ticks] : [...state.ticks, ...found];
  return { ...state, ticks, words: { from: Math.min(old.from, added.from), to: Math.max(old.to, added.to) } };
}

/** The window of old while a word of it lies on either side of the price, else a new one. */
function windowAround(tick: number, tickSpacing: number, old: Words | undefined): Words {
  const word = wordOf(tick, tickSpacing);
  if (old && old.from < word && word < old.to) return old;
  const aside = Math.ceil(WINDOW_TICKS / (WORD_BITS * tickSpacing));
  return { from: word - aside, to: word + aside };
}

/** What is known of a pool at the block: bitmap words by position, liquidity net by tick. */
type Facts = { slot0?: Slot0; liquidity?: bigint; words: Map<number, bigint>; nets: Map<number, bigint> };
const noFacts = (): Facts => ({ words: new Map(), nets: new Map() });

type Asked = { address: Address; functionName: 'slot0' | 'liquidity' | 'tickBitmap' | 'ticks'; at: number | undefined };
const ask = (address: Address, functionName: Asked['functionName'], at?: number): Asked => ({
  address,
  functionName,
  at,
});

/** The words and the ticks of a pool as it was. */
const window = (state: V3State | undefined): Asked[] =>
  state
    ? [...words(state.words, state.address), ...state.ticks.map(({ index }) => ask(state.address, 'ticks', index))]
    : [];

const words = ({ from, to }: Words, address: Address): Asked[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ask(address, 'tickBitmap', from + index));

/** One multicall; what does not answer stays unknown. Gives the answers to what is asked alongside. */
async function learn(
  client: PublicClient,
  block: Block,
  facts: ReadonlyMap<Address, Facts>,
  asked: readonly Asked[],
  alongside: readonly Call[] = [],
): Promise<Answer[]> {
  const calls = asked.map(({ address, functionName, at }) => ({
    address,
    abi: poolAbi,
    functionName,
    args: at === undefined ? [] : [at],
  }));
  const answers = await readTogether(client, [...calls, ...alongside], block);
  for (const [index, { address, functionName, at }] of asked.entries()) {
    const answer = answers[index];
    const fact = facts.get(address)!;
    if (answer?.status !== 'success') continue;
    const { result } = answer;
    if (functionName === 'slot0') fact.slot0 = result as Slot0;
    else if (functionName === 'liquidity') fact.liquidity = result as bigint;
    else if (functionName === 'tickBitmap') fact.words.set(at!, result as bigint);
    else fact.nets.set(at!, (result as readonly [bigint, bigint])[1]);
  }
  return answers.slice(asked.length);
}

/** The words of the windows that are not known yet, and with them the ticks that pools had; then the ticks that are new. */
async function learnTicks(
  client: PublicClient,
  block: Block,
  facts: ReadonlyMap<Address, Facts>,
  pools: readonly V3Pool[],
  windows: ReadonlyMap<Address, Words>,
  known: ReadonlyMap<Address, V3State>,
): Promise<void> {
  const missing = (list: Asked[], of: 'words' | 'nets') =>
    list.filter(({ address, at }) => !facts.get(address)![of].has(at!));
  const unread = pools.flatMap(({ address, tickSpacing }) => {
    const wanted = windows.get(address)!;
    const inside = ({ index }: Tick) => {
      const word = wordOf(index, tickSpacing);
      return wanted.from <= word && word <= wanted.to;
    };
    const had = (known.get(address)?.ticks ?? []).filter(inside).map(({ index }) => ask(address, 'ticks', index));
    return [...missing(words(wanted, address), 'words'), ...missing(had, 'nets')];
  });
  await learn(client, block, facts, unread);
  const fresh = pools.flatMap(({ address, tickSpacing }) => {
    const indices = initialized(windows.get(address)!, tickSpacing, facts.get(address)!) ?? [];
    return missing(
      indices.map((index) => ask(address, 'ticks', index)),
      'nets',
    );
  });
  await learn(client, block, facts, fresh);
}

/** The initialized ticks of a window, ascending; `undefined` where a word of it is not known. */
function initialized({ from, to }: Words, tickSpacing: number, { words }: Facts): number[] | undefined {
  const found: number[] = [];
  for (let word = from; word <= to; word++) {
    const bits = words.get(word);
    if (bits === undefined) return undefined;
    for (let rest = bits, bit = 0; rest !== 0n; rest >>= 1n, bit++) {
      if (rest & 1n) found.push((word * WORD_BITS + bit) * tickSpacing);
    }
  }
  return found;
}

function ticksIn(window: Words, { tickSpacing }: V3Pool, fact: Facts) {
  const indices = initialized(window, tickSpacing, fact);
  if (!indices?.every((index) => fact.nets.has(index))) return undefined;
  return indices.map((index) => tickOf(index, fact.nets.get(index)!));
}
