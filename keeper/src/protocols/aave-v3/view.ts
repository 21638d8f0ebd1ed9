import { type Address, getAddress } from 'viem';
import type { Leg } from '../../contract/plan.ts';
import { accountClaim, type MarketKey, marketKey } from '../../store/key.ts';
import type { Account, Coefficients, Deal, Health, Loan, Moment, Unjudged, View } from '../protocol.ts';
import { afterLiquidation } from './after.ts';
import { coefficients } from './coefficients.ts';
import { health } from './health.ts';
import { flashLoan, price } from './lending.ts';
import { fitLiquidation, type Liquidation, liquidationsOf, type Valued, valueTwice } from './liquidations.ts';
import type { AavePool } from './pool.ts';
import type { AaveState } from './state.ts';

export const ID = 'aave-v3';

/** Aave v3's number in the Liquidator contract. */
const PROTOCOL_NUMBER = 0;
/** Gas and calldata of one liquidation in a round; `pnpm bench:gas` measures the gas again. */
const LEG_GAS = 140_000n;
const LEG_BYTES = 79;

/** An account as deals of this transaction leave it, and how many of them there were. */
type Known = { account: Account | undefined; step: number };

/** What a view is made of. */
type Here = {
  key: MarketKey;
  pool: AavePool;
  state: AaveState;
  moment: Moment;
  /** By key, lower case, before anything of this transaction. */
  accounts: (key: Address) => Account | undefined;
  /** Those that deals of this transaction have changed. */
  changed: ReadonlyMap<Address, Known>;
  /** What accounts of this view are worth: a planner asks for many sizes of one account. */
  values: Map<Address, Valued | Unjudged>;
};

/** A loan that is paid back changes whatever view it is given, so that what a view is made of is found again by the view. */
const insideOf = new WeakMap<View, Here>();

/**
 * The view of a Pool.
 *
 * @param accounts - by key, lower case
 * @example
 * const view = viewOf(pool, await readState(client, pool, block), (key) => book.get(key), { timestamp, number });
 * view.deals([key]); // every liquidation of the account, each at its largest
 */
export function viewOf(
  pool: AavePool,
  state: AaveState,
  accounts: (key: Address) => Account | undefined,
  moment: Moment,
): View {
  const key = marketKey(ID, pool.address);
  return open({ key, pool, state, moment, accounts, changed: new Map(), values: new Map() });
}

function open(here: Here): View {
  const { key, pool, state, moment } = here;
  let weights: Coefficients | undefined;
  const view: View = {
    market: key,
    moment,
    get coefficients() {
      weights ??= coefficients(pool, state, moment.timestamp);
      return weights;
    },
    health(address): Health | Unjudged {
      const { account } = knownOf(here, address);
      return account ? health(pool, state, account, moment.timestamp) : { error: 'is not tracked' };
    },
    deals: (keys) => keys.flatMap((address) => dealsOf(here, address)),
    stock: (on) => liquidityOf(here, on),
    fit: (deal, most) => fit(here, deal, most),
    after: (deal) => after(here, deal),
    legs: (rounds) => rounds.map((deals) => deals.map((deal) => ({ leg: legOf(pool, deal), of: [deal.id] }))),
    price: (asset) => price(pool, state, asset),
    loan: (asset, amount) => loan(here, asset, amount),
  };
  insideOf.set(view, here);
  return view;
}

const withState = (here: Here, state: AaveState): View => open({ ...here, state, values: new Map() });

const knownOf = ({ accounts, changed }: Here, address: Address): Known =>
  changed.get(address) ?? { account: accounts(address), step: 0 };

function valuedIn({ pool, state, moment, values }: Here, account: Account): Valued | Unjudged {
  const found = values.get(account.address) ?? valueTwice(pool, state, account, moment.timestamp);
  values.set(account.address, found);
  return found;
}

function dealsOf(here: Here, address: Address): Deal[] {
  const { account, step } = knownOf(here, address);
  if (!account) return [];
  const valued = valuedIn(here, account);
  if ('error' in valued) return [];
  const { pool, state, moment } = here;
  return liquidationsOf(pool, state, account, valued, moment.timestamp).map((done) => dealOf(here.key, step, done));
}

function fit(here: Here, deal: Deal, most?: bigint): Deal | undefined {
  const { account, step } = knownOf(here, subjectOf(deal));
  const done = liquidationOf(deal);
  // A deal of another step is another deal, though it may be of the same pair.
  if (!account || deal.id !== idOf(here.key, step, done)) return undefined;
  const valued = valuedIn(here, account);
  if ('error' in valued) return undefined;
  const fitted = fitLiquidation(here.pool, here.state, account, valued, here.moment.timestamp, done, most);
  return fitted && dealOf(here.key, step, fitted);
}

function after(here: Here, deal: Deal): View {
  const address = subjectOf(deal);
  const { account, step } = knownOf(here, address);
  const done = liquidationOf(deal);
  if (!account || deal.id !== idOf(here.key, step, done)) throw new Error(`${deal.id} is not of this view`);
  const left = afterLiquidation(here.pool, here.state, account, here.moment.timestamp, done);
  const changed = new Map(here.changed).set(address, { account: left.account, step: step + 1 });
  return open({ ...here, state: left.state, changed, values: new Map() });
}

function loan(here: Here, asset: Address, amount: bigint): Loan | undefined {
  const lent = flashLoan(here.pool, here.state, asset, amount);
  if (!lent) return undefined;
  const { funding, source, fee, out, back } = lent;
  const paidBack = (later: Here) => withState(later, back(later.state));
  return { funding, source, fee, out: withState(here, out), back: (view) => paidBack(insideOf.get(view)!) };
}

/** Its collateral is drawn first: the Pool collects the debt last, so what is repaid never pays for what is seized. */
function dealOf(key: MarketKey, step: number, done: Liquidation): Deal {
  const address = done.account.toLowerCase() as Address;
  return {
    id: idOf(key, step, done),
    market: key,
    kind: 'liquidate',
    subjects: [{ key: address, label: done.account }],
    claims: [accountClaim(key, address)],
    spend: { asset: done.debtAsset, amount: done.repay, inHand: done.funding },
    gain: { asset: done.collateralAsset, amount: done.seized },
    draws: [
      { on: stockOf(key, done.collateralAsset), amount: done.seized },
      { on: stockOf(key, done.debtAsset), amount: -done.repay },
    ],
    gas: LEG_GAS,
    bytes: LEG_BYTES,
    detail: done,
  };
}

const idOf = (key: MarketKey, step: number, { account, debtAsset, collateralAsset }: Liquidation): string =>
  `${key}/${account.toLowerCase()}/${debtAsset}/${collateralAsset}#${step}`;

const stockOf = (key: MarketKey, asset: Address): string => `${key}/liquidity/${asset}`;

function liquidityOf({ key, pool, state }: Here, on: string): bigint {
  const reserve = pool.assets.find(({ address }) => on === stockOf(key, address));
  return (reserve && state.reserves[reserve.id]?.liquidity) ?? 0n;
}

const subjectOf = ({ subjects }: Deal): Address => subjects[0]!.key;

const liquidationOf = ({ detail }: Deal): Liquidation => detail as Liquidation;

function legOf(pool: AavePool, deal: Deal): Leg {
  const { argument, collateralAsset } = liquidationOf(deal);
  return {
    protocol: PROTOCOL_NUMBER,
    market: pool.address,
    borrower: getAddress(subjectOf(deal)),
    collateral: collateralAsset,
    repay: argument,
    extra: '0x',
  };
}
