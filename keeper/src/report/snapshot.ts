import { type Address, getAddress } from 'viem';
import type { Head } from '../chain/head.ts';
import type { EndpointHealth } from '../chain/member.ts';
import type { Flight } from '../execution/flight.ts';
import type { About } from '../execution/ledger.ts';
import type { Purse } from '../execution/purse.ts';
import type { MarketState, Moment, View } from '../protocols/protocol.ts';
import { type MarketKey, partsOf } from '../store/key.ts';
import type { MarketStatus, StatusSnapshot } from '../store/status-snapshot.ts';
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

/** What `keeper status` shows, as it is at `head`. */
export function snapshotOf(now: {
  chain: { id: number; endpoints(): EndpointHealth[] };
  /** All that are watched, also those that are not open yet. */
  markets: readonly Named[];
  trackers: readonly Shown[];
  head: Head;
  inFlight: readonly Flight<About>[];
  /** Who sends, and what is known of its money. */
  operator?: { address: Address; purse: Pick<Purse, 'balance' | 'cap' | 'leastTip'> } | undefined;
}): StatusSnapshot {
  const { chain, markets, trackers, head, inFlight, operator } = now;
  const names = createNames(markets, []);
  return {
    version: 2,
    chain: chain.id,
    startedAt,
    updatedAt: new Date().toISOString(),
    head: { number: head.number.toString(), hash: head.hash, timestamp: head.timestamp.toString() },
    markets: trackers.map(marketStatus),
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

function marketStatus(tracker: Shown): MarketStatus {
  const { key, name, book, underwater, state } = tracker;
  const { timestamp, number } = state.block;
  const view = tracker.view({ timestamp, number });
  const nearest = book.nearest(NEAREST).map(({ address, slack }) => {
    const health = view.health(address);
    const healthFactor = 'error' in health ? null : health.healthFactor.toString();
    return { account: getAddress(address), slack, healthFactor };
  });
  const { protocol, address } = partsOf(key);
  return { protocol, address: getAddress(address), name, accounts: book.size, underwater, nearest };
}
