import type { Address } from 'viem';
import type { Situation } from '../../keeper/src/planning/situation.ts';
import type { Deal } from '../../keeper/src/protocols/protocol.ts';
import { isPair } from '../../keeper/src/venues/paths.ts';
import { type JudgedHop, type JudgedPools, judgePurchase, judgeSale } from './judge-quotes.ts';

// The best of everything, found by trying everything: nothing here chooses, quotes or counts gas as the planner does. What a deal is
// at a size its market says, and what a loan costs its lender; tests of their own hold those against the chain.

/** Sizes of a pair that are tried for an account alone, and when it shares a pool with one and with two others. */
const SIZES = [64, 12, 6] as const;
/** Choices of an account, the best alone, that are tried with each other where accounts meet in a pool. */
const KEPT = [64, 5, 3] as const;
/** Parts of a sale that are tried along the first of two routes. */
const PARTS = 24n;

/** Gas, as the snapshots of the contract and rehearsals have it: of a plan, and of each thing in it. */
const GAS = {
  plan: 170_000n,
  token: 75_000n,
  swapRound: 80_000n,
  loanRound: 70_000n,
  leg: 140_000n,
  hop: 75_000n,
  tick: 22_000n,
};
/** Gas of a plan that comes too late, and of each of its rounds. */
const LATE = { plan: 60_000n, round: 130_000n };
/** Bytes of calldata. */
const BYTES = { plan: 230n, round: 113n, leg: 79n, swap: 95n, hop: 40n, token: 36n };
const SCALE = 10n ** 18n;
const MILLION = 1_000_000n;

/** How a round is paid for: a flash swap along hops, or a loan and a sale along one list of hops, two, or none. */
type JudgedWay = {
  spend: Address;
  gain: Address;
  swap?: readonly JudgedHop[];
  sales: readonly (readonly JudgedHop[])[];
};
type Choice = { deal: Deal; way: JudgedWay; net: bigint };
type Round = { way: JudgedWay; deals: Deal[] };

/** The highest net profit (wei) of one plan over all pairs, sizes, routes, rounds and subsets of at most three accounts' deals. */
export function exhaustive(situation: Situation, accounts: readonly (readonly Deal[])[]): bigint {
  const ways = waysOf(situation);
  const choices = accounts.map((deals) =>
    deals
      .flatMap((deal) =>
        ways(deal).flatMap((way): Choice[] => {
          const nets = sizesOf(situation, deal, SIZES[0]).map((sized) => net(situation, [{ way, deals: [sized] }]));
          const known = nets.filter((each) => each !== undefined);
          return known.length > 0 ? [{ deal, way, net: known.sort(descending)[0]! }] : [];
        }),
      )
      .sort((a, b) => descending(a.net, b.net)),
  );
  let best = 0n;
  for (const each of choices.flat()) if (each.net > best) best = each.net;
  for (const group of subsets(choices).filter(({ length }) => length > 1)) {
    const level = group.length - 1;
    for (const picked of product(group.map((of) => of.slice(0, KEPT[level])))) {
      const sized = picked.map(({ deal }) => sizesOf(situation, deal, SIZES[level]!));
      for (const deals of product(sized)) {
        const legs = picked.map(({ way }, index) => ({ way, deal: deals[index]! }));
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

const apart = (legs: readonly { way: JudgedWay; deal: Deal }[]): Round[] =>
  legs.map(({ way, deal }) => ({ way, deals: [deal] }));

/** Deals of one way in one round. */
function together(legs: readonly { way: JudgedWay; deal: Deal }[]): Round[] {
  const rounds: Round[] = [];
  for (const { way, deal } of legs) {
    const shared = rounds.find((round) => JSON.stringify(round.way) === JSON.stringify(way));
    if (shared) shared.deals.push(deal);
    else rounds.push({ way, deals: [deal] });
  }
  return rounds;
}

/** Equal steps up to the largest amount, each as far as it is legal. */
function sizesOf({ views }: Situation, largest: Deal, count: number): Deal[] {
  const found = new Map<bigint, Deal>();
  for (let step = 1n; step <= BigInt(count); step++) {
    const sized = views.get(largest.market)!.fit(largest, (largest.spend!.amount * step) / BigInt(count));
    if (sized) found.set(sized.spend!.amount, sized);
  }
  return [...found.values()];
}

/**
 * Every route of one pool or two, for a flash swap or, over a pair of Uniswap v2, a sale; every two that share no pool, for a sale;
 * nothing for one asset.
 */
function waysOf({ graph, pools }: Situation): (deal: Deal) => JudgedWay[] {
  const all = [...graph.values()].flat().filter(({ address }) => pools.get(address));
  const tokens = [...new Set(all.flatMap(({ token0, token1 }) => [token0, token1]))];
  const pairs = new Set(all.filter(isPair).map(({ address }) => address));
  const between = (a: Address, b: Address): JudgedHop[][] =>
    all
      .filter(({ token0, token1 }) => (token0 === a && token1 === b) || (token0 === b && token1 === a))
      .map((pool) => [{ pool: pool.address, zeroForOne: pool.token0 === a }]);
  return ({ spend: { asset: spend } = never(), gain: { asset: gain } = never() }) => {
    const pair = { spend, gain };
    if (spend === gain) return [{ ...pair, sales: [] }];
    const over = tokens
      .filter((token) => token !== spend && token !== gain)
      .flatMap((hub) => between(gain, hub).flatMap((first) => between(hub, spend).map((next) => [...first, ...next])));
    const routes = [...between(gain, spend), ...over];
    const singles = routes.map(
      (route): JudgedWay =>
        route.some(({ pool }) => pairs.has(pool)) ? { ...pair, sales: [route] } : { ...pair, swap: route, sales: [] },
    );
    const doubles = routes.flatMap((first, index) =>
      routes.slice(index + 1).flatMap((second): JudgedWay[] => {
        const meet = first.some(({ pool }) => second.some((other) => other.pool === pool));
        return meet ? [] : [{ ...pair, sales: [first, second] }];
      }),
    );
    return [...singles, ...doubles];
  };
}

function never(): never {
  throw new Error('a deal of Aave spends and gains');
}

/** What a plan of these rounds is worth after all that it costs and may go wrong; `undefined` where one does not work. */
function net(situation: Situation, rounds: readonly Round[]): bigint | undefined {
  const { gasPrice, bytePrice, loss, graph } = situation;
  let pools: JudgedPools = poolsOf(situation);
  const tokens = new Set(rounds.flatMap(({ way }) => [way.spend, way.gain]));
  let left = -(GAS.plan + GAS.token * BigInt(tokens.size)) * gasPrice - BYTES.plan * bytePrice;
  left -= (LATE.plan * gasPrice * loss) / MILLION;
  const pairs = new Set(
    [...graph.values()]
      .flat()
      .filter(isPair)
      .map(({ address }) => address),
  );
  for (const round of rounds) {
    const judged = judgeRound(situation, pools, round);
    if (!judged) return undefined;
    const { gas, bytes } = sizeOf(round, judged.crossed, pairs);
    left += judged.worth - gas * gasPrice - bytes * bytePrice - (LATE.round * gasPrice * loss) / MILLION;
    pools = judged.pools;
  }
  return left;
}

const known = new WeakMap<Situation, JudgedPools>();
function poolsOf(situation: Situation): JudgedPools {
  const found = known.get(situation);
  if (found) return found;
  const states = [...situation.graph.values()].flat().flatMap(({ address }) => situation.pools.get(address) ?? []);
  const pools = new Map(states.map((state) => [state.address, state]));
  known.set(situation, pools);
  return pools;
}

/** Gas and bytes of a round. A pair of v2 is a swap of its own, and what it gives passes through the contract as one more token. */
function sizeOf({ way, deals }: Round, crossed: number, pairs: ReadonlySet<Address>): { gas: bigint; bytes: bigint } {
  const routes = way.swap ? [way.swap] : way.sales;
  const hops = BigInt(routes.flat().length);
  const seams = way.swap
    ? 0n
    : BigInt(way.sales.filter((sale) => sale.length === 2 && sale.some(({ pool }) => pairs.has(pool))).length);
  const legs = BigInt(deals.length);
  return {
    gas:
      (way.swap ? GAS.swapRound - GAS.hop : GAS.loanRound) +
      GAS.leg * legs +
      GAS.hop * hops +
      GAS.token * seams +
      GAS.tick * BigInt(crossed),
    bytes:
      BYTES.round +
      BYTES.leg * legs +
      (way.swap ? 0n : BYTES.swap * (BigInt(way.sales.length) + seams)) +
      BYTES.hop * hops +
      BYTES.token * seams,
  };
}

/** What a round leaves, wei, less the cases in which an account of it is gone. */
function judgeRound(situation: Situation, pools: JudgedPools, { way, deals }: Round) {
  const { priceOf, lend, stale } = situation;
  const [spendPrice, gainPrice] = [priceOf(way.spend)!, priceOf(way.gain)!];
  const sum = (of: (deal: Deal) => bigint) => deals.reduce((all, deal) => all + of(deal), 0n);
  const [spend, inHand, gain] = [
    sum((deal) => deal.spend!.amount),
    sum((deal) => deal.spend!.inHand),
    sum((deal) => deal.gain!.amount),
  ];
  const survives = (worth: bigint, legs: number): bigint =>
    legs === 0 ? worth : survives((worth * (MILLION - stale)) / MILLION, legs - 1);
  if (way.swap) {
    const paid = judgePurchase(pools, way.swap, inHand);
    if (!paid || paid.amount > gain) return undefined;
    const worth = ((gain - paid.amount) * gainPrice + (inHand - spend) * spendPrice) / SCALE;
    return { ...paid, worth: survives(worth, deals.length) };
  }
  const states = { get: (pool: Address) => pools.get(pool) };
  const routes = way.sales.map((hops) => ({ hops, tokens: [] }));
  const loan = lend(way.spend, inHand, { states, routes });
  const sold = loan && judgeSales(pools, way.sales, gain);
  if (!sold || sold.amount < spend + loan.fee) return undefined;
  return { ...sold, worth: survives(((sold.amount - spend - loan.fee) * spendPrice) / SCALE, 1) };
}

/** The best that comes out of a sale along one list of hops, or shared between two in equal parts. */
function judgeSales(pools: JudgedPools, sales: JudgedWay['sales'], amount: bigint) {
  const [first, second] = sales;
  if (!first) return { amount, pools, crossed: 0 };
  if (!second) return judgeSale(pools, first, amount);
  let best: ReturnType<typeof judgeSale>;
  for (let part = 0n; part <= PARTS; part++) {
    const one = (amount * part) / PARTS;
    const sold = one > 0n ? judgeSale(pools, first, one) : { amount: 0n, pools, crossed: 0 };
    const rest =
      sold && (one < amount ? judgeSale(sold.pools, second, amount - one) : { ...sold, amount: 0n, crossed: 0 });
    if (!sold || !rest) continue;
    const all = { amount: sold.amount + rest.amount, pools: rest.pools, crossed: sold.crossed + rest.crossed };
    if (!best || all.amount > best.amount) best = all;
  }
  return best;
}

const descending = (a: bigint, b: bigint) => (a < b ? 1 : a > b ? -1 : 0);

function product<T>(lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((done, list) => done.flatMap((head) => list.map((item) => [...head, item])), [[]]);
}

function subsets<T>(items: readonly T[]): T[][] {
  const bits = Array.from({ length: 1 << items.length }, (_, mask) => mask);
  return bits.map((mask) => items.filter((_, index) => mask & (1 << index)));
}
