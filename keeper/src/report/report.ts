import { type Address, formatEther, getAddress, type Hash, type TransactionReceipt } from 'viem';
import type { Head } from '../chain/head.ts';
import { paidFor } from '../chain/l1-fee.ts';
import type { Flight, LaneEvent } from '../execution/flight.ts';
import { type About, landedOf, type Withdrawn } from '../execution/ledger.ts';
import type { Outcome } from '../execution/outcomes.ts';
import { evenly, type Measured, type Share } from '../execution/shares.ts';
import type { Figures, Tell } from '../execution/tell.ts';
import type { Logger } from '../log/log.ts';
import type { Offer } from '../planning/offer.ts';
import type { Terms, Without } from '../planning/terms.ts';
import type { MarketKey } from '../store/key.ts';
import type { Sent } from '../store/sent.ts';
import { claimLine, createNames, legLine, legsLine, marketsLine, type Named, type Names } from './names.ts';

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
  lastHead: Map<MarketKey, { unjudged: string; underwater: number }>;
};

/** What the keeper tells beside what execution does. */
export type Report = Tell & {
  /** How a market stands at a head. */
  head(tracker: Watched, head: Head, touched: number, judged: Judged): void;
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
  const state: State = { log, names, lastReason: new Map(), lastHead: new Map() };
  const line = (legs: readonly Sent[]) => legsLine(names, legs);
  return {
    head: (tracker, head, touched, judged) => tellHead(state, tracker, head, touched, judged),
    setAside: (claim, without) => tellSetAside(state, claim, without),
    forget: (claims) => {
      for (const claim of claims) state.lastReason.delete(claim);
    },
    queued: (count, planned) =>
      log.info({ count, planned }, 'wait for the next head: more is due than fits in a block'),
    waiting: (count) => log.info({ count }, 'wait for a free slot (--max-in-flight)'),
    wouldSend: (offer, expected) => log.info({ ...offerLine(names, offer), ...figures(expected) }, 'would liquidate'),
    takenApart: (offer, reason) => log.warn({ ...offerLine(names, offer), reason }, 'taken apart'),
    sent: (offer, hash, rehearsed) => tellSent(state, offer, hash, rehearsed),
    takenUp: ({ about, nonce, hashes }) => log.info({ ...line(about.legs), nonce, hash: hashes.at(-1) }, 'taken up'),
    lane: (event) => tellLane(state, event),
    withdrawn: (about, end, reason) => tellWithdrawn(state, about, end, reason),
    outcome: (about, receipt, outcome) => tellOutcome(state, about, receipt, outcome),
    left: (flights) => {
      for (const { about } of flights)
        log.warn(line(about.legs), 'still on its way when the keeper stopped; the next run takes it up');
    },
  };
}

const termsLine = (terms: Terms) =>
  Object.fromEntries(Object.entries(terms).map(([term, wei]) => [term, formatEther(wei)]));

const figures = ({ gas, terms }: Figures) => ({ gas, ...termsLine(terms) });

const offerLine = (names: Names, { sent, ways }: Offer) => ({
  ...legsLine(names, sent),
  way: ways.length === 1 ? ways[0] : ways,
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
    const some = accounts.slice(0, 5).map((each) => getAddress(each));
    log.warn({ ...names.market(key), reason, count: accounts.length, accounts: some }, 'set aside');
  }
  lastHead.set(key, { unjudged: now, underwater: underwater.size });
  const line = { head: number, timestamp, ...names.market(key), accounts: book.size, touched };
  const isNews = underwater.size > 0 || before.underwater > 0;
  log[isNews ? 'info' : 'debug']({ ...line, underwater: underwater.size }, 'head');
}

function tellSetAside({ log, names, lastReason }: State, claim: string, { reason, terms }: Without): void {
  const isKnown = lastReason.get(claim) === reason;
  lastReason.set(claim, reason);
  log[isKnown ? 'debug' : 'info'](
    { ...claimLine(names, claim), reason, ...(terms ? termsLine(terms) : {}) },
    'skipped',
  );
}

function tellSent(state: State, offer: Offer, hash: Hash, rehearsed: Figures): void {
  forgetLegs(state, offer.sent);
  state.log.info({ ...offerLine(state.names, offer), ...figures(rehearsed), hash }, 'sent');
}

function tellLane({ log, names }: State, event: LaneEvent<About>): void {
  if (event.kind === 'foreign') {
    const { nonce, expected } = event;
    log.warn({ nonce, expected }, 'another program sends with this key: give each keeper a key of its own');
    return;
  }
  const { kind, about, ...rest } = event;
  log[kind === 'stuck' || kind === 'unwound' ? 'warn' : 'info']({ ...legsLine(names, about.legs), ...rest }, kind);
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
