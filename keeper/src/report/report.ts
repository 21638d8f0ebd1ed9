import { type Address, formatEther, formatGwei, getAddress, type Hash, type TransactionReceipt } from 'viem';
import type { Head } from '../chain/head.ts';
import { paidFor } from '../chain/l1-fee.ts';
import { claimsOf } from '../execution/claims.ts';
import type { Summary } from '../execution/dispatcher-state.ts';
import type { Flight, LaneEvent } from '../execution/flight.ts';
import { type About, landedOf, type Withdrawn } from '../execution/ledger.ts';
import type { Straits } from '../execution/means.ts';
import type { Outcome } from '../execution/outcomes.ts';
import { evenly, type Measured, type Share } from '../execution/shares.ts';
import type { Figures, Tell } from '../execution/tell.ts';
import type { Logger } from '../log/log.ts';
import type { Offer } from '../planning/offer.ts';
import type { Terms, Without } from '../planning/terms.ts';
import type { MarketKey } from '../store/key.ts';
import type { Sent } from '../store/sent.ts';
import { type Beating, createHeart, type Heart } from './heart.ts';
import { claimLine, createNames, legLine, legsLine, marketsLine, type Named, type Names, some } from './names.ts';
import { createTroubles, type Troubles } from './troubles.ts';

/** A market as the report needs it. */
type Watched = {
  readonly key: MarketKey;
  readonly book: { readonly size: number };
  readonly market: { readonly assets: readonly { address: Address; symbol: string; decimals: number }[] };
};
/** How a market's accounts were judged: those under water, and why others could not be judged. */
type Judged = { underwater: { readonly size: number }; unjudged: Iterable<readonly [Address, string]> };

/** What was told last, so that the same is not news again. */
type State = {
  log: Logger;
  names: Names;
  /** By claim. */
  lastReason: Map<string, string>;
  /** What a dry run has said that it would send, by its claims. */
  would: Set<string>;
  troubles: Troubles;
  heart: Heart;
  lastHead: Map<MarketKey, { unjudged: string; underwater: number }>;
  lastStraits: Straits['kind'] | undefined;
};

/** What the keeper tells beside what execution does. */
export type Report = Tell & {
  /** How a market stands at a head. */
  head(tracker: Watched, head: Head, touched: number, judged: Judged): void;
  /** That all is well, every few minutes: where the keeper is, and how many lines it has spared its reader meanwhile. */
  beat(trackers: readonly Beating[], head: Head): void;
  /** More is due than is planned for at one head. */
  queued(count: number, planned: number): void;
  /** What is still on its way when the keeper stops. */
  left(flights: readonly Flight<About>[]): void;
};

/**
 * What the keeper tells: a line for each thing that happens, with the protocol and the market that it happens in, and for each
 * leg a line of its own. A reason that is the same as at the last head is told at `debug` only, so that a hundred waiting accounts
 * do not fill the log.
 *
 * @param markets - all that are watched, as people call them
 * @param trackers - those of them that are open; may grow
 */
export function createReport(log: Logger, markets: readonly Named[], trackers: readonly Watched[]): Report {
  const names = createNames(markets, trackers);
  const state: State = {
    ...{ log, names, lastReason: new Map(), lastHead: new Map(), would: new Set(), lastStraits: undefined },
    ...{ troubles: createTroubles(log), heart: createHeart(log, names) },
  };
  const line = (legs: readonly Sent[]) => legsLine(names, legs);
  return {
    head: (tracker, head, touched, judged) => tellHead(state, tracker, head, touched, judged),
    setAside: (claim, without) => tellSetAside(state, claim, without),
    forget: (claims) => {
      for (const claim of claims) {
        state.lastReason.delete(claim);
        for (const plan of state.would) if (plan.split(',').includes(claim)) state.would.delete(plan);
      }
    },
    queued: (count, planned) =>
      log.info({ count, planned }, 'wait for the next head: more is due than fits in a block'),
    waiting: (count) => log.info({ count }, 'wait for a free slot (--max-in-flight)'),
    beat: (all, head) => state.heart.beat(all, head),
    wouldSend: (offer, expected) => tellWould(state, offer, expected),
    takenApart: (offer, reason) => log.warn({ ...offerLine(names, offer), reason }, 'taken apart'),
    sent: (offer, hash, rehearsed) => tellSent(state, offer, hash, rehearsed),
    takenUp: ({ about, nonce, hashes }) => log.info({ ...line(about.legs), nonce, hash: hashes.at(-1) }, 'taken up'),
    lane: (event) => tellLane(state, event),
    straits: (now) => tellStraits(state, now),
    withdrawn: (about, end, reason) => tellWithdrawn(state, about, end, reason),
    outcome: (about, receipt, outcome) => tellOutcome(state, about, receipt, outcome),
    left: (flights) => {
      for (const { about } of flights)
        log.warn(line(about.legs), 'still on its way when the keeper stopped; the next run takes it up');
    },
  };
}

/** What a run came to, its money in the native coin. */
export const stopsLine = ({ value, gas, ...legs }: Summary) => ({
  ...legs,
  value: formatEther(value),
  fee: formatEther(gas),
});

const termsLine = (terms: Terms) =>
  Object.fromEntries(Object.entries(terms).map(([term, wei]) => [term, formatEther(wei)]));

const figures = ({ gas, terms }: Figures) => ({ gas, ...termsLine(terms) });

const offerLine = (names: Names, { sent, ways }: Offer) => ({
  ...legsLine(names, sent),
  ...some('way', 'ways', ways),
});

function forgetLegs({ lastReason }: State, legs: readonly Sent[]): void {
  for (const { deals } of legs) for (const { claims } of deals) for (const claim of claims) lastReason.delete(claim);
}

function tellHead(
  { log, names, lastHead }: State,
  { key, book }: Watched,
  { number, timestamp }: Head,
  touched: number,
  { underwater, unjudged }: Judged,
): void {
  const before = lastHead.get(key) ?? { unjudged: '', underwater: 0 };
  const reasons = new Map<string, Address[]>();
  for (const [account, reason] of unjudged) {
    const accounts = reasons.get(reason) ?? [];
    reasons.set(reason, accounts);
    accounts.push(account);
  }
  // A book keeps no order: the same accounts in another one are no news.
  const now = JSON.stringify([...reasons].map(([reason, accounts]) => [reason, accounts.sort()]).sort());
  for (const [reason, accounts] of now === before.unjudged ? [] : reasons) {
    const first = accounts.slice(0, 5).map((each) => getAddress(each));
    log.warn({ ...names.market(key), reason, count: accounts.length, who: first }, 'set aside');
  }
  lastHead.set(key, { unjudged: now, underwater: underwater.size });
  const line = { head: number, timestamp, ...names.market(key), accounts: book.size, touched };
  const isNews = underwater.size > 0 || before.underwater > 0;
  log[isNews ? 'info' : 'debug']({ ...line, underwater: underwater.size }, 'head');
}

function tellSetAside(state: State, claim: string, { reason, terms }: Without): void {
  const { log, names, lastReason, troubles, heart } = state;
  // What concerns all is no account's own trouble: it is told once, for all of them.
  // Nor is the same reason with other numbers in it any news.
  const kind = reason.replace(/\d+/g, '#');
  const concernsAll = troubles.tell(reason);
  const isKnown = concernsAll || lastReason.get(claim) === kind;
  lastReason.set(claim, kind);
  if (isKnown) heart.spared();
  log[isKnown ? 'debug' : 'info'](
    { ...claimLine(names, claim), reason, ...(terms ? termsLine(terms) : {}) },
    'skipped',
  );
}

/** The same plan again is no news; the next of its kind that differs is. */
function tellWould({ log, names, would, heart }: State, offer: Offer, expected: Figures): void {
  const key = [...claimsOf(offer.sent)].sort().join();
  const isKnown = would.has(key);
  if (isKnown) heart.spared();
  would.add(key);
  log[isKnown ? 'debug' : 'info']({ ...offerLine(names, offer), ...figures(expected) }, 'would liquidate');
}

function tellSent(state: State, offer: Offer, hash: Hash, rehearsed: Figures): void {
  forgetLegs(state, offer.sent);
  // Something goes out: whatever stopped all of it is over.
  state.troubles.over();
  state.log.info({ ...offerLine(state.names, offer), ...figures(rehearsed), hash }, 'sent');
}

/** What a lane does not do every day. */
const UNUSUAL: readonly LaneEvent<About>['kind'][] = ['stuck', 'unwound', 'not known yet'];

function tellLane({ log, names }: State, event: LaneEvent<About>): void {
  if (event.kind === 'foreign') {
    const { nonce, expected } = event;
    log.warn({ nonce, expected }, 'another program sends with this key: give each keeper a key of its own');
    return;
  }
  const { kind, about, ...rest } = event;
  log[UNUSUAL.includes(kind) ? 'warn' : 'info']({ ...legsLine(names, about.legs), ...rest }, kind);
}

/** What concerns all plans is told when it begins and when it is over. */
function tellStraits(state: State, now: Straits | undefined): void {
  const { log, lastStraits } = state;
  if (now?.kind === lastStraits) return;
  state.lastStraits = now?.kind;
  if (!now) log.info('there is enough for gas again');
  else log.warn(straitsLine(now), STRAITS[now.kind]);
}

const STRAITS = {
  'gas price': 'nothing is sent: gas costs more than --max-gas-price',
  bound: 'a transaction may cost less than any plan does: see --max-tx-cost, and what the node lets it cost',
  empty: 'nothing is sent: the operator has too little for gas, fund it',
  low: 'the operator has less than the largest transaction may cost: transactions are kept smaller, fund it',
} as const satisfies Record<Straits['kind'], string>;

function straitsLine(now: Straits): object {
  if (now.kind === 'gas price') return { baseFee: formatGwei(now.baseFee), maxGasPrice: formatGwei(now.maxGasPrice) };
  if (now.kind === 'bound') return { most: formatEther(now.most), needed: formatEther(now.needed) };
  const { balance, reserved, needed } = now;
  return { balance: formatEther(balance), inFlight: formatEther(reserved), needed: formatEther(needed) };
}

function tellWithdrawn(state: State, { legs }: About, end: Withdrawn, reason: string): void {
  forgetLegs(state, legs);
  state.log.warn({ ...legsLine(state.names, legs), reason }, end);
}

/** A line a leg, and of several that landed together one of their plan. What a plan cost in which nothing landed is shared out evenly. */
function tellOutcome(state: State, { legs }: About, receipt: TransactionReceipt, outcome: Outcome): void {
  const { log, names } = state;
  const { transactionHash: hash, gasUsed: gas } = receipt;
  const cost = paidFor(receipt);
  forgetLegs(state, legs);
  const landed = new Map(landedOf(outcome, { gas, cost }).map((each) => [each.leg, each]));
  const [gases, fees] = [evenly(gas, legs.length), evenly(cost, legs.length)];
  for (const [index, told] of outcome.legs.entries()) {
    const line = legLine(names, legs[index]!);
    const done = landed.get(index);
    if (done) log.info({ ...line, ...landedLine(names, done.measured, done.share, hash) }, 'landed');
    else {
      const paid = outcome.state === 'landed' ? {} : { gas: gases[index]!, fee: formatEther(fees[index]!) };
      const { reason, revert } = told;
      const why = { reason, ...(revert !== undefined && { revert }) };
      const isSkipped = told.state === 'skipped';
      log[isSkipped ? 'info' : 'warn']({ ...line, ...why, ...paid, hash }, isSkipped ? 'leg skipped' : told.state);
    }
  }
  const { tally, value } = outcome;
  if (!tally || legs.length === 1) return;
  const counts = { legs: tally.landed, skipped: tally.skipped, value: formatEther(value), tip: formatEther(tally.tip) };
  const costs = { flashFee: formatEther(tally.flashFee), gas, fee: formatEther(cost) };
  log.info({ ...marketsLine(names, legs), ...counts, ...costs, hash }, 'plan landed');
}

function landedLine(names: Names, { debt, collateral, repaid, seized }: Measured, share: Share, hash: Hash) {
  const earned = share.profits.filter((profit) => profit.amount > 0n);
  return {
    debt: names.symbol(debt),
    collateral: names.symbol(collateral),
    repaid: names.amount(debt, repaid),
    seized: names.amount(collateral, seized),
    profit: earned.map((profit) => names.amount(profit.token, profit.amount)),
    value: formatEther(share.value),
    gas: share.gas,
    fee: formatEther(share.gasCost),
    hash,
    // The same in smallest units, for machines.
    units: {
      repaid,
      seized,
      profit: Object.fromEntries(earned.map((profit) => [names.symbol(profit.token), profit.amount])),
    },
  };
}
