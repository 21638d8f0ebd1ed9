import type { Address } from 'viem';
import type { Leg } from '../../contract/plan.ts';
import { accountClaim, type MarketKey, marketKey } from '../../store/key.ts';
import type { Subject } from '../../store/sent.ts';
import type { Account, Coefficients, Deal, Health, Loan, Moment, Unjudged, View } from '../protocol.ts';
import { afterLiquidation } from './after.ts';
import { coefficients } from './coefficients.ts';
import { health } from './health.ts';
import { flashLoan, price } from './lending.ts';
import { fitLiquidation, type Liquidation, liquidationsOf, type Valued, valuedAt } from './liquidations.ts';
import type { AavePool } from './pool.ts';
import type { AaveState } from './state.ts';
import { whyNone } from './why-none.ts';

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
  /** Accounts of this view that somebody has asked about, by address. */
  judged: Map<Address, Judged | Unjudged>;
  /** The names of the reserves' liquidity by asset, and the reserves' ids by those. */
  stocks: { of: ReadonlyMap<Address, string>; ids: ReadonlyMap<string, number> };
};

/** An account's worth, and how its deals name it. */
type Judged = { valued: Valued; subjects: readonly [Subject]; claims: readonly [string] };

/** A loan that is paid back changes whatever view it is given, so that a view carries what it is made of. */
type AaveView = View & { readonly here: Here };

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
  const names = pool.assets.map(({ id, address }) => ({ id, address, name: `${key}/liquidity/${address}` }));
  const stocks = {
    of: new Map(names.map(({ address, name }) => [address, name])),
    ids: new Map(names.map(({ id, name }) => [name, id])),
  };
  return open({ key, pool, state, moment, accounts, changed: new Map(), judged: new Map(), stocks });
}

function open(here: Here): AaveView {
  const { key, pool, state, moment } = here;
  let weights: Coefficients | undefined;
  return {
    here,
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
    whyNone: (address) => whyNoneOf(here, address),
    stock: (on) => liquidityOf(here, on),
    fit: (deal, most) => fit(here, deal, most),
    after: (deal) => after(here, deal),
    legs: (rounds) => rounds.map((deals) => deals.map((deal) => ({ leg: legOf(pool, deal), of: [deal.id] }))),
    price: (asset) => price(pool, state, asset),
    loan: (asset, amount) => loan(here, asset, amount),
  };
}

const withState = (here: Here, state: AaveState): View => open({ ...here, state, judged: new Map() });

const knownOf = ({ accounts, changed }: Here, address: Address): Known =>
  changed.get(address) ?? { account: accounts(address), step: 0 };

function judgedIn({ key, pool, state, moment, judged }: Here, account: Account): Judged | Unjudged {
  const known = judged.get(account.address);
  if (known) return known;
  const valued = valuedAt(pool, state, account, moment.timestamp);
  const address = account.address.toLowerCase() as Address;
  const found =
    'error' in valued
      ? valued
      : {
          valued,
          subjects: [{ key: address, label: valued.label }] as const,
          claims: [accountClaim(key, address)] as const,
        };
  judged.set(account.address, found);
  return found;
}

function dealsOf(here: Here, address: Address): Deal[] {
  const { account, step } = knownOf(here, address);
  if (!account) return [];
  const judged = judgedIn(here, account);
  if ('error' in judged) return [];
  const { pool, state, moment } = here;
  const found = liquidationsOf(pool, state, account, judged.valued, moment.timestamp);
  return found.map((done) => dealOf(here, judged, step, done));
}

function whyNoneOf(here: Here, address: Address): string | undefined {
  const { account } = knownOf(here, address);
  const judged = account && judgedIn(here, account);
  if (!judged || 'error' in judged) return undefined;
  return whyNone(here.pool, here.state, judged.valued, here.moment.timestamp);
}

function fit(here: Here, deal: Deal, most?: bigint): Deal | undefined {
  const { account, step } = knownOf(here, subjectOf(deal));
  if (!account || !isOfStep(deal, step)) return undefined;
  const judged = judgedIn(here, account);
  if ('error' in judged) return undefined;
  const { pool, state, moment } = here;
  const fitted = fitLiquidation(pool, state, account, judged.valued, moment.timestamp, liquidationOf(deal), most);
  return fitted && dealOf(here, judged, step, fitted);
}

function after(here: Here, deal: Deal): View {
  const address = subjectOf(deal);
  const { account, step } = knownOf(here, address);
  if (!account || !isOfStep(deal, step)) throw new Error(`${deal.id} is not of this view`);
  const left = afterLiquidation(here.pool, here.state, account, here.moment.timestamp, liquidationOf(deal));
  const changed = new Map(here.changed).set(address, { account: left.account, step: step + 1 });
  return open({ ...here, state: left.state, changed, judged: new Map() });
}

function loan(here: Here, asset: Address, amount: bigint): Loan | undefined {
  const lent = flashLoan(here.pool, here.state, asset, amount);
  if (!lent) return undefined;
  const { funding, source, fee, out, back } = lent;
  const paidBack = (later: Here) => withState(later, back(later.state));
  return { funding, source, fee, out: withState(here, out), back: (view) => paidBack((view as AaveView).here) };
}

/** Its collateral is drawn first: the Pool collects the debt last, so what is repaid never pays for what is seized. */
function dealOf({ key, stocks }: Here, { subjects, claims }: Judged, step: number, done: Liquidation): Deal {
  return {
    id: idOf(key, step, done),
    market: key,
    kind: 'liquidate',
    subjects,
    claims,
    spend: { asset: done.debtAsset, amount: done.repay, inHand: done.funding },
    gain: { asset: done.collateralAsset, amount: done.seized },
    draws: [
      { on: stocks.of.get(done.collateralAsset)!, amount: done.seized },
      { on: stocks.of.get(done.debtAsset)!, amount: -done.repay },
    ],
    gas: LEG_GAS,
    bytes: LEG_BYTES,
    detail: done,
  };
}

const idOf = (key: MarketKey, step: number, { account, debtAsset, collateralAsset }: Liquidation): string =>
  `${key}/${account.toLowerCase()}/${debtAsset}/${collateralAsset}#${step}`;

/** A deal of another step is another deal, though it may be of the same pair. */
const isOfStep = ({ id }: Deal, step: number): boolean => id.endsWith(`#${step}`);

function liquidityOf({ state, stocks }: Here, on: string): bigint {
  const id = stocks.ids.get(on);
  return (id === undefined ? undefined : state.reserves[id]?.liquidity) ?? 0n;
}

const subjectOf = ({ subjects }: Deal): Address => subjects[0]!.key;

const liquidationOf = ({ detail }: Deal): Liquidation => detail as Liquidation;

function legOf(pool: AavePool, deal: Deal): Leg {
  const { account, argument, collateralAsset } = liquidationOf(deal);
  return {
    protocol: PROTOCOL_NUMBER,
    market: pool.address,
    borrower: account,
    collateral: collateralAsset,
    repay: argument,
    extra: '0x',
  };
}
