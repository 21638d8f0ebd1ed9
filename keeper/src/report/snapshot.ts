import { type Address, getAddress } from 'viem';
import type { Debt } from '../book/debts.ts';
import type { Head } from '../chain/head.ts';
import type { EndpointHealth } from '../chain/member.ts';
import type { Flight } from '../execution/flight.ts';
import type { About } from '../execution/ledger.ts';
import type { Purse } from '../execution/purse.ts';
import type { MarketState, Moment, View } from '../protocols/protocol.ts';
import { type MarketKey, partsOf } from '../store/key.ts';
import type { AlarmStatus, DebtStatus, MarketStatus, StatusSnapshot } from '../store/status-snapshot.ts';
import { createNames, labelsOf, type Named } from './names.ts';

/** Accounts that are shown of each market. */
const NEAREST = 5;

const startedAt = new Date().toISOString();

/** A market as it is shown. */
type Shown = {
  readonly key: MarketKey;
  readonly name: string;
  readonly state: MarketState;
  readonly underwater: number;
  readonly book: { readonly size: number; nearest(count: number): { address: Address; slack: number }[] };
  view(moment: Moment): Pick<View, 'health'>;
};

/** What `plimsoll status` shows, as it is at `head`. */
export function snapshotOf(now: {
  chain: { id: number; endpoints(): EndpointHealth[] };
  /** All that are watched, also those that are not open yet. */
  markets: readonly Named[];
  trackers: readonly Shown[];
  head: Head;
  /** When the head was heard of, milliseconds. */
  heardAt: number;
  inFlight: readonly Flight<About>[];
  alarms: readonly AlarmStatus[];
  /** Of a market, as they were last counted. */
  debts(key: MarketKey): readonly Debt[];
  /** Who sends, and what is known of its money. */
  operator?: { address: Address; purse: Pick<Purse, 'balance' | 'cap' | 'leastTip'> } | undefined;
}): StatusSnapshot {
  const { chain, markets, trackers, head, heardAt, inFlight, alarms, operator } = now;
  const names = createNames(markets, []);
  return {
    version: 2,
    chain: chain.id,
    startedAt,
    updatedAt: new Date().toISOString(),
    heardAt: new Date(heardAt).toISOString(),
    head: { number: head.number.toString(), hash: head.hash, timestamp: head.timestamp.toString() },
    markets: trackers.map((tracker) => marketStatus(tracker, now.debts(tracker.key))),
    ...(operator && moneyOf(operator)),
    inFlight: inFlight.map(({ about, nonce, hashes, sentAt, value, unresolved }) => ({
      legs: about.legs.map((leg) => ({ ...names.market(leg.deals[0]!.market), accounts: labelsOf(leg) })),
      nonce,
      hash: hashes.at(-1)!,
      sentAt: sentAt.toString(),
      value: value.toString(),
      ...(unresolved && { unresolved }),
    })),
    endpoints: chain.endpoints().map((endpoint) => ({ ...endpoint, head: endpoint.head?.toString() })),
    alarms,
  };
}

function moneyOf({
  address,
  purse: { balance, cap, leastTip },
}: {
  address: Address;
  purse: Pick<Purse, 'balance' | 'cap' | 'leastTip'>;
}): Pick<StatusSnapshot, 'operator'> {
  // Before it was asked, or where nothing is sent.
  if (balance === undefined) return {};
  const learnt = { ...(cap && { cap: cap.toString() }), ...(leastTip && { leastTip: leastTip.toString() }) };
  return { operator: { address, balance: balance.toString(), ...learnt } };
}

function marketStatus(tracker: Shown, counted: readonly Debt[]): MarketStatus {
  const { key, name, book, underwater, state } = tracker;
  const { timestamp, number } = state.block;
  const view = tracker.view({ timestamp, number });
  const nearest = book.nearest(NEAREST).map(({ address, slack }) => {
    const health = view.health(address);
    const healthFactor = 'error' in health ? null : health.healthFactor.toString();
    return { account: getAddress(address), slack, healthFactor };
  });
  const { protocol, address } = partsOf(key);
  const debts = counted.map(debtStatus);
  return { protocol, address: getAddress(address), name, accounts: book.size, underwater, nearest, debts };
}

const debtStatus = ({ asset: { symbol, address }, counted, known }: Debt): DebtStatus => ({
  ...{ asset: symbol, address: getAddress(address) },
  ...{ counted: counted.toString(), known: known.toString(), missing: (counted - known).toString() },
});
