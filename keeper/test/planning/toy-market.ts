import type { Address } from 'viem';
import type { Leg } from '../../src/contract/plan.ts';
import type { Amount, Deal, Loan, Moment, View } from '../../src/protocols/protocol.ts';
import { accountClaim, type MarketKey, marketKey } from '../../src/store/key.ts';

// A market made up for tests. It takes over accounts under water (absorb), and sells their collateral at a discount while its reserves
// are below a target (buy); some accounts it lets anybody liquidate, out of its liquidity. It also lends its base token.
//
// `open` says in views and deals what may be done; `runToy` does it, and knows nothing of views and deals.

/** All amounts in smallest units of 18 decimals; prices: base currency for a whole token, which is worth 10^8 of itself. */
export type Toy = {
  address: Address;
  base: Address;
  /** Base token that is owed to nobody, and what is wanted of it. */
  reserves: bigint;
  target: bigint;
  /** Collateral for sale, by token. */
  stocks: ReadonlyMap<Address, bigint>;
  /** What there is to pay out of each token to whom liquidates. */
  liquidity: ReadonlyMap<Address, bigint>;
  absorbable: ReadonlyMap<Address, { debt: bigint; collateral: readonly Amount[] }>;
  /** Debt of base token against one collateral, of which so much more is given. */
  liquidatable: ReadonlyMap<Address, { debt: bigint; collateral: Amount; bonusBps: bigint; times: number }>;
  prices: ReadonlyMap<Address, bigint>;
  /** Of the price, at which collateral is sold. */
  discountBps: bigint;
  lends?: { feeBps: bigint };
};

export const toy = (change: Partial<Toy> & Pick<Toy, 'base' | 'prices'>): Toy => ({
  address: '0x00000000000000000000000000000000000000aa',
  reserves: 0n,
  target: 0n,
  stocks: new Map(),
  liquidity: new Map(),
  absorbable: new Map(),
  liquidatable: new Map(),
  discountBps: 9_500n,
  ...change,
});

export const keyOf = ({ address }: Pick<Toy, 'address'>): MarketKey => marketKey('toy', address);

const BPS = 10_000n;
const least = (a: bigint, b: bigint) => (a < b ? a : b);
const most = (a: bigint, b: bigint) => (a > b ? a : b);

/** What so much base token buys of a stock at most; and the least base token that takes all of it. */
export const bought = ({ prices, base, discountBps }: Toy, asset: Address, spent: bigint): bigint =>
  (spent * prices.get(base)! * BPS) / (prices.get(asset)! * discountBps);
export const costOf = ({ prices, base, discountBps }: Toy, asset: Address, amount: bigint): bigint =>
  (amount * prices.get(asset)! * discountBps + prices.get(base)! * BPS - 1n) / (prices.get(base)! * BPS);
/** What whoever repays so much of a debt is given. */
export const given = ({ prices, base }: Toy, asset: Address, repaid: bigint, bonusBps: bigint): bigint =>
  (repaid * prices.get(base)! * bonusBps) / (prices.get(asset)! * BPS);

const without = <K, V>(map: ReadonlyMap<K, V>, key: K): Map<K, V> => {
  const next = new Map(map);
  next.delete(key);
  return next;
};
const plus = (map: ReadonlyMap<Address, bigint>, asset: Address, by: bigint) =>
  new Map(map).set(asset, (map.get(asset) ?? 0n) + by);

/** What a deal of the toy is made of. */
type Detail = { asset: Address } | { account: Address };

export const GAS = { absorb: 100_000n, buy: 120_000n, liquidate: 140_000n };
const MOMENT: Moment = { timestamp: 1_000n, number: 7n };

/** A view of the toy. */
export function open(state: Toy, steps: ReadonlyMap<Address, number> = new Map(), moment = MOMENT): View {
  const view = viewOf(state, steps, moment);
  insides.set(view, { state, steps });
  return view;
}

/** What views are made of, for a loan that comes back to a later one. */
const insides = new WeakMap<View, { state: Toy; steps: ReadonlyMap<Address, number> }>();

function viewOf(state: Toy, steps: ReadonlyMap<Address, number>, moment: Moment): View {
  const key = keyOf(state);
  const room = `${key}/room`;
  const stockOf = (asset: Address) => `${key}/stock/${asset}`;
  const liquidityOf = (asset: Address) => `${key}/liquidity/${asset}`;
  const common = (id: string, claims: readonly string[], detail: Detail) => ({
    id: `${key}/${id}`,
    market: key,
    claims,
    bytes: 79,
    detail,
  });

  function absorbOf(account: Address): Deal | undefined {
    const found = state.absorbable.get(account);
    if (!found) return undefined;
    return {
      ...common(`absorb/${account}`, [accountClaim(key, account)], { account }),
      kind: 'absorb',
      subjects: [{ key: account, label: account }],
      draws: [
        ...found.collateral.map(({ asset, amount }) => ({ on: stockOf(asset), amount: -amount })),
        { on: room, amount: -found.debt },
      ],
      gas: GAS.absorb,
    };
  }

  /** @param more - what others feed */
  function buyOf(asset: Address, limit: bigint | undefined, more = 0n, isOpen = state.reserves < state.target) {
    const stock = (state.stocks.get(asset) ?? 0n) + more;
    if (!isOpen || stock <= 0n) return undefined;
    const whole = costOf(state, asset, stock);
    const spent = limit === undefined ? whole : least(limit, whole);
    const amount = least(stock, bought(state, asset, spent));
    if (spent <= 0n || amount <= 0n) return undefined;
    const deal: Deal = {
      ...common(`buy/${asset}`, [`${key}/sale/${asset}`], { asset }),
      kind: 'buy',
      subjects: [],
      spend: { asset: state.base, amount: spent, inHand: spent },
      gain: { asset, amount },
      draws: [
        { on: room, amount: spent, over: true },
        { on: stockOf(asset), amount },
      ],
      gas: GAS.buy,
    };
    return deal;
  }

  function liquidationOf(account: Address, limit?: bigint): Deal | undefined {
    const found = state.liquidatable.get(account);
    if (!found || found.debt <= 0n) return undefined;
    const { asset } = found.collateral;
    const liquid = state.liquidity.get(asset) ?? 0n;
    const price = given(state, asset, 10n ** 18n, found.bonusBps);
    // While there are more times, half of it at a time.
    const closable = found.times > 1 ? found.debt / 2n : found.debt;
    let repaid = least(limit ?? closable, closable);
    let seized = least(given(state, asset, repaid, found.bonusBps), found.collateral.amount);
    if (seized > liquid) {
      repaid = (liquid * 10n ** 18n) / price;
      seized = given(state, asset, repaid, found.bonusBps);
    }
    if (repaid <= 0n || seized <= 0n || seized > liquid) return undefined;
    return {
      ...common(`liquidate/${account}#${steps.get(account) ?? 0}`, [accountClaim(key, account)], { account }),
      kind: 'liquidate',
      subjects: [{ key: account, label: account }],
      spend: { asset: state.base, amount: repaid, inHand: repaid },
      gain: { asset, amount: seized },
      draws: [
        { on: liquidityOf(asset), amount: seized },
        { on: liquidityOf(state.base), amount: -repaid },
      ],
      gas: GAS.liquidate,
    };
  }

  const own = ({ detail, kind }: Deal, limit?: bigint): Deal | undefined => {
    const of = detail as { asset: Address; account: Address };
    if (kind === 'absorb') return absorbOf(of.account);
    return kind === 'buy' ? buyOf(of.asset, limit) : liquidationOf(of.account, limit);
  };

  return {
    market: key,
    moment,
    coefficients: { groups: 1, slots: 1, values: new Float64Array(1), rounding: 0 },
    health: () => ({ error: 'a toy judges nobody' }),
    deals(keys) {
      const absorbs = keys.flatMap((account) => absorbOf(account) ?? []);
      const fed = new Map<string, bigint>();
      for (const { draws } of absorbs) for (const { on, amount } of draws) fed.set(on, (fed.get(on) ?? 0n) - amount);
      const isOpen = state.reserves - (fed.get(room) ?? 0n) < state.target;
      const assets = [...state.prices.keys()].filter((asset) => asset !== state.base);
      const buys = assets.flatMap((asset) => buyOf(asset, undefined, fed.get(stockOf(asset)), isOpen) ?? []);
      return [...absorbs, ...buys, ...keys.flatMap((account) => liquidationOf(account) ?? [])];
    },
    stock(on) {
      if (on === room) return state.target - state.reserves;
      const asset = on.slice(-42) as Address;
      return (on.startsWith(stockOf('0x')) ? state.stocks : state.liquidity).get(asset) ?? 0n;
    },
    fit(deal, limit) {
      const found = own(deal, limit);
      return found?.id === deal.id ? found : undefined;
    },
    after(deal) {
      const { account, asset } = deal.detail as { asset: Address; account: Address };
      if (deal.kind === 'absorb') {
        const { debt, collateral } = state.absorbable.get(account)!;
        let { stocks } = state;
        for (const each of collateral) stocks = plus(stocks, each.asset, each.amount);
        const absorbable = without(state.absorbable, account);
        return open({ ...state, absorbable, stocks, reserves: state.reserves - debt }, steps, moment);
      }
      const [spent, got] = [deal.spend!.amount, deal.gain!];
      if (deal.kind === 'buy') {
        const stocks = plus(state.stocks, asset, -got.amount);
        return open({ ...state, stocks, reserves: state.reserves + spent }, steps, moment);
      }
      const found = state.liquidatable.get(account)!;
      const step = (steps.get(account) ?? 0) + 1;
      const left = { ...found, debt: found.debt - spent, times: found.times - 1 };
      left.collateral = { ...found.collateral, amount: found.collateral.amount - got.amount };
      const liquidatable = new Map(state.liquidatable);
      if (left.times > 0 && left.debt > 0n) liquidatable.set(account, left);
      else liquidatable.delete(account);
      const liquidity = plus(plus(state.liquidity, got.asset, -got.amount), state.base, spent);
      return open({ ...state, liquidatable, liquidity }, new Map(steps).set(account, step), moment);
    },
    legs: (rounds) => foldToy(state, rounds),
    price(asset) {
      const base = state.prices.get(asset);
      return base === undefined ? undefined : { base, decimals: 18 };
    },
    loan(asset, amount): Loan | undefined {
      const there = state.liquidity.get(asset) ?? 0n;
      if (!state.lends || asset !== state.base || amount > there) return undefined;
      const fee = (amount * state.lends.feeBps + BPS - 1n) / BPS;
      const changed = (before: Toy, by: bigint) => ({ ...before, liquidity: plus(before.liquidity, asset, by) });
      return {
        funding: 7,
        source: state.address,
        fee,
        out: open(changed(state, -amount), steps, moment),
        back: (later) => {
          const { state: now, steps: then } = insides.get(later)!;
          return open(changed(now, amount + fee), then, moment);
        },
      };
    },
  };
}

/** An absorb is folded into the first buy behind it. */
function foldToy({ address, base }: Toy, rounds: readonly (readonly Deal[])[]) {
  let waiting: string[] = [];
  return rounds.map((deals) =>
    deals.flatMap((deal): { leg: Leg; of: string[] }[] => {
      if (!deal.spend) {
        waiting.push(deal.id);
        return [];
      }
      const of = [...waiting, deal.id];
      waiting = [];
      const borrower = deal.subjects[0]?.key ?? base;
      const collateral = deal.gain!.asset;
      return [
        { leg: { protocol: 2, market: address, borrower, collateral, repay: deal.spend.amount, extra: '0x' }, of },
      ];
    }),
  );
}

/** What to do to a toy, in its own terms. */
export type ToyCall =
  | { call: 'absorb'; account: Address }
  | { call: 'buy'; asset: Address; spend: bigint }
  | { call: 'liquidate'; account: Address; repay: bigint }
  | { call: 'lend'; amount: bigint }
  | { call: 'repay'; amount: bigint; fee: bigint };

/** Does calls one after the other, and gives what each paid out; a call that is not allowed throws. */
export function runToy(start: Toy, calls: readonly ToyCall[]): bigint[] {
  let { reserves } = start;
  const [stocks, liquidity] = [new Map(start.stocks), new Map(start.liquidity)];
  const absorbed = new Set<Address>();
  const liquidated = new Map<Address, { times: number; repaid: bigint; seized: bigint }>();
  const add = (map: Map<Address, bigint>, asset: Address, by: bigint) => map.set(asset, (map.get(asset) ?? 0n) + by);
  return calls.map((each): bigint => {
    if (each.call === 'absorb') {
      const found = start.absorbable.get(each.account);
      if (!found || absorbed.has(each.account)) throw new Error(`${each.account} cannot be absorbed`);
      absorbed.add(each.account);
      for (const { asset, amount } of found.collateral) add(stocks, asset, amount);
      reserves -= found.debt;
      return 0n;
    }
    if (each.call === 'buy') {
      if (reserves >= start.target) throw new Error('NotForSale');
      const got = least(bought(start, each.asset, each.spend), stocks.get(each.asset) ?? 0n);
      if (got === 0n) throw new Error('nothing is bought');
      add(stocks, each.asset, -got);
      reserves += each.spend;
      return got;
    }
    if (each.call === 'liquidate') {
      const found = start.liquidatable.get(each.account)!;
      const so = liquidated.get(each.account) ?? { times: 0, repaid: 0n, seized: 0n };
      const left = found.debt - so.repaid;
      const closable = found.times - so.times > 1 ? left / 2n : left;
      if (so.times >= found.times || each.repay > closable) throw new Error('too much');
      const { asset, amount } = found.collateral;
      const got = least(given(start, asset, each.repay, found.bonusBps), amount - so.seized);
      if (got > (liquidity.get(asset) ?? 0n)) throw new Error('not enough liquidity');
      add(liquidity, asset, -got);
      add(liquidity, start.base, each.repay);
      liquidated.set(each.account, { times: so.times + 1, repaid: so.repaid + each.repay, seized: so.seized + got });
      return got;
    }
    const by = each.call === 'lend' ? -each.amount : each.amount + each.fee;
    if ((liquidity.get(start.base) ?? 0n) + by < 0n) throw new Error('not so much to lend');
    add(liquidity, start.base, by);
    return most(by, -by);
  });
}
