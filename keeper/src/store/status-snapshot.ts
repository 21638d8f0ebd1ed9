import type { Address, Hash } from 'viem';
import type { StoreFile } from './file.ts';

/**
 * What the running keeper leaves behind at a head, every few seconds and as it ends, for `plimsoll status`. JSON: what is a bigint elsewhere is a decimal string
 * here. Endpoints are written without the secret parts of their URLs.
 */
export type StatusSnapshot = {
  version: 2;
  /** Chain id. */
  chain: number;
  /** ISO 8601 */
  startedAt: string;
  updatedAt: string;
  /** When the head was heard of; missing in what earlier versions wrote. */
  heardAt?: string;
  /** `timestamp` in seconds. */
  head: { number: string; hash: Hash; timestamp: string };
  markets: readonly MarketStatus[];
  /**
   * Who sends, and what it holds for gas, wei; missing where nothing is sent. `cap` is the most wei that a node lets a transaction
   * cost, `leastTip` the least tip that one takes, wei per gas, where one has said so.
   */
  operator?: { address: Address; balance: string; cap?: string; leastTip?: string };
  inFlight: readonly FlightStatus[];
  endpoints: readonly EndpointStatus[];
  /** What somebody has to look at; missing where an earlier version wrote. */
  alarms?: readonly AlarmStatus[];
};

/** What is wrong, what it is about, and since when (ISO 8601). */
export type AlarmStatus = { about: string; text: string; since: string };

/** Smallest units of the market's own count of debt: by the market, and by the accounts that are known. */
export type DebtStatus = { asset: string; address: Address; counted: string; known: string; missing: string };

export type MarketStatus = {
  protocol: string;
  address: Address;
  name: string;
  accounts: number;
  underwater: number;
  /** The accounts nearest to the line, nearest first. */
  nearest: readonly {
    /** What people call it. */
    account: string;
    /** The fraction that everything may move against it at once: 0.05 is five per cent. Negative under water. */
    slack: number;
    /** 18 decimals; null where the protocol has no such number. */
    healthFactor: string | null;
  }[];
  /** As they were last counted; missing where the market does not count, or has not yet. */
  debts?: readonly DebtStatus[];
};

/** The legs of a transaction on its way: their market's name, and whom they concern. */
type LegStatus = { protocol: string; market: string; accounts: readonly string[] };

/**
 * `value` in wei, `sentAt` the head it was sent at, `hash` its newest. `unresolved` where its nonce is used and no node has its
 * receipt: what became of it is not known yet.
 */
export type FlightStatus = {
  legs: readonly LegStatus[];
  nonce: number;
  hash: Hash;
  sentAt: string;
  value: string;
  unresolved?: boolean;
};

/** An endpoint as the keeper judges it. */
export type EndpointStatus = {
  endpoint: string;
  state: 'good' | 'behind' | 'set aside';
  /** The newest it has shown; missing while it has not. */
  head?: string | undefined;
  /** Blocks behind the best. */
  lag: number;
  /** Failures so far. */
  errors: number;
  latencyMs?: number | undefined;
  reason?: string | undefined;
  /** Unix time of the next probe, milliseconds. */
  retryAt?: number | undefined;
  /** What it was found to be able to do, and how much of it at a time; earlier versions did not look. */
  abilities?: {
    has: readonly string[];
    lacks: readonly string[];
    /** Requests in a batch. */
    batch?: number | undefined;
    /** Blocks of a search for logs. */
    logRange?: number | undefined;
  };
};

/**
 * What the keeper left at its last head; `undefined` before the first.
 *
 * @example
 * openStatus(file).readStatus()?.head.number;
 */
export function openStatus({ db, run }: StoreFile) {
  const write = db.prepare('INSERT OR REPLACE INTO snapshot VALUES (1, ?)');
  const read = db.prepare('SELECT json FROM snapshot');
  return {
    writeStatus: (snapshot: StatusSnapshot): void => {
      run(() => write.run(JSON.stringify(snapshot)));
    },
    readStatus: (): StatusSnapshot | undefined =>
      run(() => {
        const row = read.get();
        return row && upToDate(JSON.parse(String(row.json)));
      }),
  };
}

/** Before version 2, a transaction on its way named accounts and no market: it was of the one there was, if it was one. */
type FirstSnapshot = Omit<StatusSnapshot, 'version' | 'inFlight'> & {
  version: 1;
  inFlight: readonly (Omit<FlightStatus, 'legs'> & { accounts: readonly string[] })[];
};

/** A snapshot as this version knows it; `undefined` for one of a later version. */
function upToDate(snapshot: FirstSnapshot | StatusSnapshot | { version: unknown }): StatusSnapshot | undefined {
  if (snapshot.version === 2) return snapshot as StatusSnapshot;
  if (snapshot.version !== 1) return undefined;
  const first = snapshot as FirstSnapshot;
  const [market, ...more] = first.markets;
  const protocol = market?.protocol ?? 'unknown';
  const name = market && more.length === 0 ? market.name : 'unknown';
  const inFlight = first.inFlight.map(({ accounts, ...flight }) => ({
    legs: accounts.map((account) => ({ protocol, market: name, accounts: [account] })),
    ...flight,
  }));
  return { ...first, version: 2, inFlight };
}
