import { getAddress } from 'viem';
import type { Tracker } from '../book/tracker.ts';
import type { Head } from '../chain/head.ts';
import type { Flight } from '../execution/lane.ts';
import type { About } from '../execution/ledger.ts';
import type { Ready } from '../preflight.ts';
import type { StatusSnapshot } from '../store/status.ts';

/** Accounts that are shown of each market. */
const NEAREST = 5;

const startedAt = new Date().toISOString();

/** What `keeper status` shows, as it is at `head`. */
export function snapshotOf(now: {
  ready: Ready;
  trackers: readonly Tracker[];
  head: Head;
  inFlight: readonly Flight<About>[];
}): StatusSnapshot {
  const { ready, trackers, head, inFlight } = now;
  return {
    version: 1,
    chain: ready.chain.id,
    startedAt,
    updatedAt: new Date().toISOString(),
    head: { number: head.number.toString(), hash: head.hash, timestamp: head.timestamp.toString() },
    markets: trackers.map((tracker) => {
      const { protocol, market, state, book, name } = tracker;
      const nearest = book.nearest(NEAREST).map(({ address, slack }) => {
        const health = protocol.health(market, state, book.get(address)!, state.block.timestamp);
        const healthFactor = 'error' in health ? null : health.healthFactor.toString();
        return { account: getAddress(address), slack, healthFactor };
      });
      const { address, underwater } = { address: market.address, underwater: tracker.underwater };
      return { protocol: protocol.id, address, name, accounts: book.size, underwater, nearest };
    }),
    inFlight: inFlight.map(({ about, nonce, hashes, sentAt, value }) => ({
      accounts: about.legs.map(({ account }) => account),
      nonce,
      hash: hashes.at(-1)!,
      sentAt: sentAt.toString(),
      value: value.toString(),
    })),
    endpoints: ready.chain.endpoints.health().map((endpoint) => ({ ...endpoint, head: endpoint.head?.toString() })),
  };
}
