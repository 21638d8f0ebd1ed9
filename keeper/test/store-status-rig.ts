import type { NewAttempt } from '../src/store/attempts.ts';
import { type MarketKey, marketKey } from '../src/store/key.ts';
import type { Liquidation } from '../src/store/liquidations.ts';
import type { LegOutcome } from '../src/store/outcome.ts';
import type { Sent } from '../src/store/sent.ts';
import type { StatusSnapshot } from '../src/store/status-snapshot.ts';
import { openStore } from '../src/store/store.ts';

export const POOL = '0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2';
export const ACCOUNT = '0xABcdEFABcdEFabcdEfAbCdefabcdeFABcDEFabCD';
export const HASH = `0x${'ab'.repeat(32)}` as const;
export const HEAD = 1_700_000_000;

export const snapshot: StatusSnapshot = {
  version: 2,
  chain: 1,
  startedAt: '2023-11-14T22:00:00.000Z',
  updatedAt: new Date((HEAD + 7) * 1_000).toISOString(),
  head: { number: '18571000', hash: HASH, timestamp: String(HEAD) },
  markets: [
    {
      protocol: 'aave-v3',
      address: POOL,
      name: 'ethereum-core',
      accounts: 61_234,
      underwater: 1,
      nearest: [
        { account: ACCOUNT, slack: -0.0123, healthFactor: '987700000000000000' },
        { account: POOL, slack: 0.05, healthFactor: null },
      ],
    },
  ],
  inFlight: [
    {
      legs: [{ protocol: 'aave-v3', market: 'ethereum-core', accounts: [ACCOUNT] }],
      nonce: 5,
      hash: HASH,
      sentAt: '18570999',
      value: '10000000000000000',
    },
    {
      legs: [{ protocol: 'aave-v3', market: 'ethereum-core', accounts: [POOL] }],
      nonce: 4,
      hash: HASH,
      sentAt: '18570990',
      value: '0',
      unresolved: true,
    },
  ],
  operator: { address: POOL, balance: '1500000000000000000', cap: '1000000000000000000', leastTip: '25000000000' },
  endpoints: [
    { endpoint: 'wss://node.example', state: 'good', head: '18571000', lag: 0, errors: 0, latencyMs: 12.4 },
    { endpoint: 'http://other.example', state: 'set aside', lag: 0, errors: 3, reason: 'ECONNREFUSED' },
    {
      ...{ endpoint: 'http://capped.example', state: 'good', lag: 0, errors: 0 },
      abilities: { has: ['pending'], lacks: ['logs by hash', 'state by hash'], batch: 1, logRange: 50 },
    },
  ],
};

export const UNRESOLVED = `           ${POOL} of aave-v3 ethereum-core, nonce 4, sent at block 18570990, worth 0, ${HASH}, its nonce is used; what became of it is not known yet`;
/** Every line that tells of the snapshot, in order, from the market's on. */
export const told = (outcomes: string, isFlying = true) =>
  [
    `market     aave-v3 ethereum-core ${POOL}: 61234 accounts, 1 under water`,
    `  nearest  ${ACCOUNT} slack -1.23 %, health factor 0.9877`,
    `           ${POOL} slack 5.00 %`,
    `operator   ${POOL} holds 1.5, a transaction may cost 1, the least tip is 25 gwei`,
    isFlying
      ? `in flight  ${ACCOUNT} of aave-v3 ethereum-core, nonce 5, sent at block 18570999, worth 0.01, ${HASH}`
      : 'in flight  none',
    ...(isFlying ? [UNRESOLVED] : []),
    outcomes,
    'endpoints  wss://node.example was good, head 18571000, 12 ms',
    '           http://other.example was set aside, 3 errors, ECONNREFUSED',
    '           http://capped.example was good, no batches, without logs by hash, state by hash, logs of 50 blocks at a time',
    '',
  ].join('\n');

export function keeper(path: string) {
  const store = openStore({ path, chainId: 1 });
  store.writeStatus(snapshot);
  return store;
}

export const OTHER = marketKey('aave-v3', '0x00000000000000000000000000000000000000a1');
/** A leg on an account, of a market. */
export const leg = (market: MarketKey, label: string): Sent => ({
  round: 0,
  leg: { protocol: 0, market: POOL, borrower: ACCOUNT, collateral: POOL, repay: 2n ** 256n - 1n, extra: '0x' },
  deals: [
    {
      ...{ id: `${market}/${label}`, market, kind: 'liquidate', spend: POOL, gain: POOL },
      ...{ subjects: [{ key: ACCOUNT, label }], claims: [] },
    },
  ],
});
export const attempt: NewAttempt = {
  ...{ legs: [leg(marketKey('aave-v3', POOL), ACCOUNT), leg(OTHER, 'somebody')], operator: POOL, to: POOL },
  data: '0x',
  ...{ value: 10n ** 18n, gas: 400_000n, budget: 0n, validUntil: 0n },
};
export const ended = (state: LegOutcome['state'], reason?: string): LegOutcome => ({
  ...{ state, deals: [{ id: 'a', state }] },
  ...(reason === undefined ? {} : { reason }),
});
export const landedLeg: Liquidation = {
  ...{ hash: HASH, leg: 0, market: marketKey('aave-v3', POOL), account: ACCOUNT, debt: POOL, collateral: POOL },
  ...{ repaid: 11n, seized: 22n, profits: [{ token: POOL, amount: 3n }], value: 10n ** 18n, gasCost: 10n ** 15n },
  ...{ block: 18_570_999n, time: 1n },
};

export const low = (text: string) => text.toLowerCase();
export const lower = ({ account, debt, collateral }: Liquidation) => ({
  ...{ account: low(account), debt: low(debt), collateral: low(collateral) },
});
export const asJson = (value: unknown) =>
  JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? each.toString() : each));
