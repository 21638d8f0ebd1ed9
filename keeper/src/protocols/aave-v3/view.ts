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

/** Aave v3's number in the Liquidator contract. */
const PROTOCOL_NUMBER = 0;
/** Gas and calldata of one liquidation in a round; `pnpm bench:gas` measures the gas again. */
const LEG_GAS = 140_000n;
const LEG_BYTES = 79;

export const ID = 'aave-v3';

/** An account of a view, and how many liquidations of it came before in this transaction. */
type Known = { account: Account | undefined; step: number };
type Accounts = (key: Address) => Known;

/** @param accounts - by key, lower case */
export function viewOf(
  pool: AavePool,
  state: AaveState,
  accounts: (key: Address) => Account | undefined,
  moment: Moment,
): View {
  const key = marketKey(ID, pool.address);
  return open(key, pool, state, (account) => ({ account: accounts(account), step: 0 }), moment);
}

function open(key: MarketKey, pool: AavePool, state: AaveState, accounts: Accounts, moment: Moment): View {
  const { timestamp } = moment;
  let weights: Coefficients | undefined;
  const values = new Map<Address, Valued | Unjudged>();
  /** A planner asks for many sizes of one account. */
  const valued = (address: Address, account: Account): Valued | Unjudged => {
    const found = values.get(address) ?? valueTwice(pool, state, account, timestamp);
    values.set(address, found);
    return found;
  };
  const stockOf = (asset: Address) => `${key}/liquidity/${asset}`;

  function dealOf(address: Address, step: number, done: Liquidation): Deal {
    const { account, debtAsset, collateralAsset, repay, funding, seized } = done;
    return {
      id: `${key}/${address}/${debtAsset}/${collateralAsset}#${step}`,
      market: key,
      kind: 'liquidate',
      subjects: [{ key: address, label: account }],
      claims: [accountClaim(key, address)],
      spend: { asset: debtAsset, amount: repay, inHand: funding },
      gain: { asset: collateralAsset, amount: seized },
      // The Pool collects the debt last, so what is repaid never pays for what is seized.
      draws: [
        { on: stockOf(collateralAsset), amount: seized },
        { on: stockOf(debtAsset), amount: -repay },
      ],
      gas: LEG_GAS,
      bytes: LEG_BYTES,
      detail: done,
    };
  }

  const at = (next: AaveState, known: Accounts = accounts) => open(key, pool, next, known, moment);

  const view: View = {
    market: key,
    moment,
    get coefficients() {
      weights ??= coefficients(pool, state, timestamp);
      return weights;
    },

    health(address): Health | Unjudged {
      const { account } = accounts(address);
      return account ? health(pool, state, account, timestamp) : { error: 'is not tracked' };
    },

    deals: (keys) =>
      keys.flatMap((address) => {
        const { account, step } = accounts(address);
        if (!account) return [];
        const now = valued(address, account);
        if ('error' in now) return [];
        return liquidationsOf(pool, state, account, now, timestamp).map((done) => dealOf(address, step, done));
      }),

    stock(on) {
      const asset = on.slice(stockOf('0x').length - 2);
      const reserve = pool.assets.find(({ address }) => address === asset);
      return (reserve && state.reserves[reserve.id]?.liquidity) ?? 0n;
    },

    fit(deal, most) {
      const address = deal.subjects[0]!.key;
      const { account, step } = accounts(address);
      if (!account || !deal.id.endsWith(`#${step}`)) return undefined;
      const now = valued(address, account);
      if ('error' in now) return undefined;
      const done = fitLiquidation(pool, state, account, now, timestamp, deal.detail as Liquidation, most);
      return done && dealOf(address, step, done);
    },

    after(deal) {
      const address = deal.subjects[0]!.key;
      const { account, step } = accounts(address);
      if (!account) throw new Error(`${deal.id} is of another view`);
      const { state: left, account: next } = afterLiquidation(
        pool,
        state,
        account,
        timestamp,
        deal.detail as Liquidation,
      );
      return at(left, (other) => (other === address ? { account: next, step: step + 1 } : accounts(other)));
    },

    legs: (rounds) => rounds.map((deals) => deals.map((deal) => ({ leg: legOf(pool, deal), of: [deal.id] }))),

    price: (asset) => price(pool, state, asset),

    loan(asset, amount): Loan | undefined {
      const lent = flashLoan(pool, state, asset, amount);
      if (!lent) return undefined;
      const { funding, source, fee, out, back } = lent;
      return { funding, source, fee, out: at(out), back: (later) => withState.get(later)!(back) };
    },
  };
  withState.set(view, (change) => at(change(state)));
  return view;
}

/** The same accounts on another state: what a loan that is paid back makes of a later view. */
const withState = new WeakMap<View, (change: (state: AaveState) => AaveState) => View>();

function legOf(pool: AavePool, { subjects, detail }: Deal): Leg {
  const { argument, collateralAsset } = detail as Liquidation;
  return {
    protocol: PROTOCOL_NUMBER,
    market: pool.address,
    borrower: getAddress(subjects[0]!.key),
    collateral: collateralAsset,
    repay: argument,
    extra: '0x',
  };
}
