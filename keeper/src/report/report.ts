import { type Address, formatEther, formatUnits, getAddress, type Hash, type TransactionReceipt } from 'viem';
import type { Judged } from '../book/book.ts';
import type { Tracker } from '../book/tracker.ts';
import type { Head } from '../chain/head.ts';
import type { Flight, LaneEvent } from '../execution/lane.ts';
import type { About } from '../execution/ledger.ts';
import { type Mined, sharesOf } from '../execution/outcome.ts';
import type { Logger } from '../log/log.ts';
import type { Offer, Terms } from '../planning/offer.ts';

/** Gas units, and every term of what a plan comes to. */
type Worth = { gas: bigint; terms: Terms };

export type Report = ReturnType<typeof createReport>;

/**
 * What the keeper tells: one line for each thing that happens to an account. A reason that is the same as at the last head
 * is told at `debug` only, so that a hundred waiting accounts do not fill the log.
 */
export function createReport(log: Logger, trackers: readonly Tracker[]) {
  const lastReason = new Map<string, string>();
  const last = new Map<Tracker, { unjudged: string; underwater: number }>();

  const assetOf = (token: Address) => {
    for (const { market } of trackers) {
      const found = market.assets.find(({ address }) => address.toLowerCase() === token.toLowerCase());
      if (found) return found;
    }
    return undefined;
  };
  const symbol = (token: Address) => assetOf(token)?.symbol ?? token;
  const amount = (token: Address, units: bigint) => {
    const asset = assetOf(token);
    return asset ? `${formatUnits(units, asset.decimals)} ${asset.symbol}` : `${units} of ${token}`;
  };
  /** One account as one, several as lists. */
  const aboutLine = ({ legs }: Pick<About, 'legs'>) => {
    const each = legs.map((leg) => ({
      account: getAddress(leg.account),
      debt: symbol(leg.debt),
      collateral: symbol(leg.collateral),
    }));
    if (each.length === 1) return each[0]!;
    return {
      account: each.map(({ account }) => account),
      debt: [...new Set(each.map(({ debt }) => debt))],
      collateral: [...new Set(each.map(({ collateral }) => collateral))],
    };
  };
  const offerLine = ({ legs, ways }: Offer) => ({
    ...aboutLine({
      legs: legs.map(({ option }) => ({
        account: option.account,
        debt: option.debtAsset,
        collateral: option.collateralAsset,
      })),
    }),
    way: ways.length === 1 ? ways[0] : ways,
  });
  const termsLine = (terms: Terms) =>
    Object.fromEntries(Object.entries(terms).map(([term, wei]) => [term, formatEther(wei)]));
  const worth = ({ gas, terms }: Worth) => ({ gas, ...termsLine(terms) });
  const forget = ({ legs }: About) => {
    for (const { account } of legs) lastReason.delete(getAddress(account));
  };

  return {
    /** How a market stands at a head. */
    head(tracker: Tracker, { number, timestamp }: Head, touched: number, { underwater, unjudged }: Judged) {
      const before = last.get(tracker) ?? { unjudged: '', underwater: 0 };
      const reasons = new Map<string, Address[]>();
      for (const [account, reason] of unjudged) {
        const accounts = reasons.get(reason) ?? [];
        reasons.set(reason, accounts);
        accounts.push(account);
      }
      // A book keeps no order: the same accounts in another one are no news.
      const now = JSON.stringify([...reasons].map(([reason, accounts]) => [reason, accounts.sort()]).sort());
      for (const [reason, accounts] of now === before.unjudged ? [] : reasons) {
        log.warn(
          { reason, count: accounts.length, accounts: accounts.slice(0, 5).map((each) => getAddress(each)) },
          'set aside',
        );
      }
      last.set(tracker, { unjudged: now, underwater: underwater.size });
      const several = trackers.length > 1 ? { market: tracker.name } : {};
      const line = {
        head: number,
        timestamp,
        ...several,
        accounts: tracker.book.size,
        touched,
        underwater: underwater.size,
      };
      log[underwater.size > 0 || before.underwater > 0 ? 'info' : 'debug'](line, 'head');
    },

    /** An account that nothing is done about. */
    skipped(account: Address, reason: string, terms?: Terms) {
      const known = lastReason.get(account) === reason;
      lastReason.set(account, reason);
      log[known ? 'debug' : 'info']({ account, reason, ...(terms ? termsLine(terms) : {}) }, 'skipped');
    },

    /** These are no longer under water, or have changed: a reason that comes again is news. */
    forget(accounts: Iterable<Address>) {
      for (const account of accounts) lastReason.delete(getAddress(account));
    },

    /** More accounts are due than are planned for at one head. */
    queued(count: number, planned: number) {
      log.info({ count, planned }, 'wait for the next head: more is due than fits in a block');
    },

    /** Offers that found the lane full; they are planned anew at the next head. */
    waiting(count: number) {
      log.info({ count }, 'wait for a free slot (--max-in-flight)');
    },

    wouldSend(offer: Offer, expected: Worth) {
      log.info({ ...offerLine(offer), ...worth(expected) }, 'would liquidate');
    },

    /** A batch whose rehearsal failed. */
    takenApart(offer: Offer, reason: string) {
      log.warn({ ...offerLine(offer), reason }, 'taken apart');
    },

    sent(offer: Offer, hash: Hash, rehearsed: Worth) {
      for (const { option } of offer.legs) lastReason.delete(option.account);
      log.info({ ...offerLine(offer), ...worth(rehearsed), hash }, 'sent');
    },

    /** Sent by an earlier run, and still on its way. */
    takenUp({ about, nonce, hashes }: Flight<About>) {
      log.info({ ...aboutLine(about), nonce, hash: hashes.at(-1) }, 'taken up');
    },

    lane(event: LaneEvent<About>) {
      if (event.kind === 'foreign') {
        const { nonce, expected } = event;
        log.warn({ nonce, expected }, 'another program sends with this key: give each keeper a key of its own');
        return;
      }
      const { kind, about, ...rest } = event;
      log[kind === 'stuck' || kind === 'unwound' ? 'warn' : 'info']({ ...aboutLine(about), ...rest }, kind);
    },

    withdrawn(about: About, state: string, reason: string) {
      forget(about);
      log.warn({ ...aboutLine(about), reason }, state);
    },

    outcome(about: About, receipt: TransactionReceipt, outcome: Mined) {
      const { transactionHash: hash, gasUsed, effectiveGasPrice } = receipt;
      const fee = formatEther(gasUsed * effectiveGasPrice);
      forget(about);
      if (outcome.state !== 'landed') {
        log.warn({ ...aboutLine(about), reason: outcome.reason, gas: gasUsed, fee, hash }, outcome.state);
        return;
      }
      const cost = gasUsed * effectiveGasPrice;
      for (const { done, profits, value, gas, gasCost } of sharesOf(outcome, { gas: gasUsed, cost })) {
        const earned = profits.filter((profit) => profit.amount > 0n);
        log.info(
          {
            account: done.account,
            debt: symbol(done.debt),
            collateral: symbol(done.collateral),
            repaid: amount(done.debt, done.repaid),
            seized: amount(done.collateral, done.seized),
            profit: earned.map((profit) => amount(profit.token, profit.amount)),
            value: formatEther(value),
            gas,
            fee: formatEther(gasCost),
            hash,
            // The same in smallest units, for machines.
            units: {
              repaid: done.repaid,
              seized: done.seized,
              profit: Object.fromEntries(earned.map((profit) => [symbol(profit.token), profit.amount])),
            },
          },
          'landed',
        );
      }
    },

    left(flights: readonly Flight<About>[]) {
      for (const { about } of flights)
        log.warn(aboutLine(about), 'still on its way when the keeper stopped; the next run takes it up');
    },
  };
}
