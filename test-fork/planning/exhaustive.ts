import type { Address } from 'viem';
import { baseGas, roundGas } from '../../keeper/src/planning/gas.ts';
import { PRICE_SCALE } from '../../keeper/src/planning/pricing.ts';
import { quoteRound } from '../../keeper/src/planning/quote.ts';
import type { Candidate, PlannedLeg, Situation } from '../../keeper/src/planning/situation.ts';
import type { Way } from '../../keeper/src/planning/ways.ts';
import type { Option } from '../../keeper/src/protocols/protocol.ts';
import { afterwards, isPair, type PoolStates, type Route } from '../../keeper/src/venues/paths.ts';

// The best of everything, found by trying everything: nothing here chooses as the planner does. Quotes and sizes are shared
// with it; tests of their own hold them against the chain.

/** Sizes of a pair that are tried for an account alone, and when it shares a pool with one and with two others. */
const SIZES = [64, 12, 6] as const;
/** Choices of an account, the best alone, that are tried with each other where accounts meet in a pool. */
const KEPT = [64, 5, 3] as const;

type Choice = { of: Candidate; largest: Option; way: Way; net: bigint };
type Round = { way: Way; legs: PlannedLeg[] };

/** The highest net profit (wei) of one plan over all pairs, sizes, routes, rounds and subsets of at most three accounts. */
export function exhaustive(situation: Situation, candidates: readonly Candidate[]): bigint {
  const ways = waysOf(situation);
  const choices = candidates.map((of) =>
    of.options
      .flatMap((largest) =>
        ways(largest).flatMap((way): Choice[] => {
          const nets = sizesOf(situation, of, largest, SIZES[0]).map((option) =>
            net(situation, [{ way, legs: [{ of, largest, option }] }]),
          );
          const known = nets.filter((each) => each !== undefined);
          return known.length > 0 ? [{ of, largest, way, net: known.sort(descending)[0]! }] : [];
        }),
      )
      .sort((a, b) => descending(a.net, b.net)),
  );
  let best = 0n;
  for (const each of choices.flat()) if (each.net > best) best = each.net;
  for (const group of subsets(choices).filter(({ length }) => length > 1)) {
    const level = group.length - 1;
    for (const picked of product(group.map((of) => of.slice(0, KEPT[level])))) {
      const sized = picked.map(({ of, largest }) => sizesOf(situation, of, largest, SIZES[level]!));
      for (const options of product(sized)) {
        const legs = picked.map((choice, index) => ({ ...choice, option: options[index]! }));
        const joined = together(legs);
        for (const rounds of joined.length === legs.length ? [joined] : [joined, apart(legs)]) {
          const found = net(situation, rounds);
          if (found !== undefined && found > best) best = found;
        }
      }
    }
  }
  return best;
}

const apart = (legs: readonly (Choice & { option: Option })[]): Round[] =>
  legs.map((leg) => ({ way: leg.way, legs: [leg] }));

/** Legs of one way in one round. */
function together(legs: readonly (Choice & { option: Option })[]): Round[] {
  const rounds: Round[] = [];
  for (const leg of legs) {
    const shared = rounds.find(({ way }) => JSON.stringify(way) === JSON.stringify(leg.way));
    if (shared) shared.legs.push(leg);
    else rounds.push({ way: leg.way, legs: [leg] });
  }
  return rounds;
}

/** Equal steps up to the largest amount, each as far as it is legal. */
function sizesOf({ protocol, market, timestamp }: Situation, of: Candidate, largest: Option, count: number): Option[] {
  const found = new Map<bigint, Option>();
  for (let step = 1n; step <= BigInt(count); step++) {
    const asked = (largest.repay * step) / BigInt(count);
    const option = protocol.resize(market, of.state, of.account, timestamp, largest, asked);
    if (option) found.set(option.repay, option);
  }
  return [...found.values()];
}

/** Every route of one pool or two, for a flash swap or, over a pair of Uniswap v2, a sale; every two that share no pool, for a
 * sale; nothing for one asset. */
function waysOf({ graph, pools }: Situation): (option: Option) => Way[] {
  const all = [...graph.values()].flat().filter(({ address }) => pools.get(address));
  const tokens = [...new Set(all.flatMap(({ token0, token1 }) => [token0, token1]))];
  const between = (a: Address, b: Address): Route[] =>
    all
      .filter(({ token0, token1 }) => (token0 === a && token1 === b) || (token0 === b && token1 === a))
      .map((pool) => ({
        hops: [{ pool: pool.address, zeroForOne: pool.token0 === a, v2: isPair(pool) }],
        tokens: [a, b],
      }));
  return ({ debtAsset: debt, collateralAsset: collateral }) => {
    const pair = { debt, collateral };
    if (debt === collateral) return [{ ...pair, kind: 'loan', routes: [] }];
    const over = tokens
      .filter((token) => token !== debt && token !== collateral)
      .flatMap((hub) =>
        between(collateral, hub).flatMap((first) =>
          between(hub, debt).map((second) => ({
            hops: [...first.hops, ...second.hops],
            tokens: [collateral, hub, debt],
          })),
        ),
      );
    const routes = [...between(collateral, debt), ...over];
    const swaps = routes.map(
      (route): Way =>
        route.hops.some(({ v2 }) => v2)
          ? { ...pair, kind: 'loan', routes: [route] }
          : { ...pair, kind: 'flash swap', route },
    );
    const sales = routes.flatMap((first, index) =>
      routes.slice(index + 1).flatMap((second): Way[] => {
        const apart = !first.hops.some(({ pool }) => second.hops.some((other) => other.pool === pool));
        return apart ? [{ ...pair, kind: 'loan', routes: [first, second] }] : [];
      }),
    );
    return [...swaps, ...sales];
  };
}

/** What a plan of these rounds is worth after gas; `undefined` where one does not work. */
function net(situation: Situation, rounds: readonly Round[]): bigint | undefined {
  const { priceOf, gasPrice } = situation;
  let pools: PoolStates = situation.pools;
  let [worth, gas] = [0n, baseGas(rounds.map(({ way }) => way))];
  for (const { way, legs } of rounds) {
    const quote = quoteRound(situation, pools, way, legs);
    if (!quote) return undefined;
    for (const { token, amount } of quote.left) worth += amount * priceOf(token)!;
    gas += roundGas(way, legs.length, quote.crossed);
    pools = afterwards(pools, quote.after);
  }
  return worth / PRICE_SCALE - gas * gasPrice;
}

const descending = (a: bigint, b: bigint) => (a < b ? 1 : a > b ? -1 : 0);

function product<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((done, list) => done.flatMap((head) => list.map((item) => [...head, item])), [[]]);
}

function subsets<T>(items: readonly T[]): T[][] {
  const bits = Array.from({ length: 1 << items.length }, (_, mask) => mask);
  return bits.map((mask) => items.filter((_, index) => mask & (1 << index)));
}
