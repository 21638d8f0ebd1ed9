import { type Address, formatEther, formatUnits, type Hash, type TransactionReceipt } from 'viem';
import type { Book } from '../book/book.ts';
import type { Head } from '../chain/heads.ts';
import type { LaneEvent, Settled } from '../execution/lane.ts';
import type { Mined } from '../execution/outcome.ts';
import type { Offer } from '../planning/plan.ts';
import type { Health } from '../protocols/protocol.ts';
import type { Logger } from './log.ts';

type Found = { touched: number; underwater: ReadonlyMap<Address, Health>; unjudged: ReadonlyMap<Address, string> };
type Worth = { value: bigint; gas: bigint; net: bigint };

/**
 * What the keeper tells: one line for each thing that happens to an account. A reason that is the same as at the last head
 * is told at `debug` only, so that a hundred waiting accounts do not fill the log.
 */
export function createReport(log: Logger, book: Book) {
  const lastReason = new Map<Address, string>();
  let lastUnjudged = '';
  let lastUnderwater = 0;

  const symbol = (token: Address) => book.market.assets.find(({ address }) => address === token)?.symbol ?? token;
  const amount = (token: Address, units: bigint) => {
    const asset = book.market.assets.find(({ address }) => address === token);
    return asset ? `${formatUnits(units, asset.decimals)} ${asset.symbol}` : `${units} of ${token}`;
  };
  const aboutOffer = ({ option, way }: Offer) => ({
    account: option.account,
    debt: symbol(option.debtAsset),
    collateral: symbol(option.collateralAsset),
    way,
  });
  const worth = ({ value, gas, net }: Worth) => ({ value: formatEther(value), gas, net: formatEther(net) });

  return {
    head({ number, timestamp }: Head, { touched, underwater, unjudged }: Found) {
      for (const account of lastReason.keys()) if (!underwater.has(account)) lastReason.delete(account);
      const reasons = new Map<string, Address[]>();
      for (const [account, reason] of unjudged) reasons.set(reason, [...(reasons.get(reason) ?? []), account]);
      const now = JSON.stringify([...reasons]);
      for (const [reason, accounts] of now === lastUnjudged ? [] : reasons) {
        log.warn({ reason, count: accounts.length, accounts: accounts.slice(0, 5) }, 'set aside');
      }
      lastUnjudged = now;
      const line = { head: number, timestamp, accounts: book.size, touched, underwater: underwater.size };
      log[underwater.size > 0 || lastUnderwater > 0 ? 'info' : 'debug'](line, 'head');
      lastUnderwater = underwater.size;
    },

    skipped(account: Address, reason: string) {
      const known = lastReason.get(account) === reason;
      lastReason.set(account, reason);
      log[known ? 'debug' : 'info']({ account, reason }, 'skipped');
    },

    /** Offers that found the lane full; they are planned anew at the next head. */
    waiting(count: number) {
      log.info({ count }, 'wait for a free slot (--max-in-flight)');
    },

    wouldSend(offer: Offer, rehearsed: Worth | undefined) {
      const known = rehearsed ? worth(rehearsed) : { value: formatEther(offer.value) };
      log.info({ ...aboutOffer(offer), ...known }, 'would liquidate');
    },

    sent(offer: Offer, hash: Hash, rehearsed: Worth) {
      lastReason.delete(offer.option.account);
      log.info({ ...aboutOffer(offer), ...worth(rehearsed), hash }, 'sent');
    },

    lane(event: LaneEvent<Offer>) {
      if (event.kind === 'foreign') {
        const { nonce, expected } = event;
        log.warn({ nonce, expected }, 'another program sends with this key: give each keeper a key of its own');
        return;
      }
      const { kind, about, ...rest } = event;
      log[kind === 'stuck' || kind === 'unwound' ? 'warn' : 'info']({ ...aboutOffer(about), ...rest }, kind);
    },

    withdrawn(settled: Exclude<Settled<Offer>, { state: 'mined' }>) {
      const { state, about } = settled;
      const reason = state === 'replaced' ? 'its nonce was used by a transaction that is not ours' : settled.reason;
      log.warn({ ...aboutOffer(about), reason }, state);
    },

    outcome(offer: Offer, receipt: TransactionReceipt, outcome: Mined) {
      const { transactionHash: hash, gasUsed, effectiveGasPrice } = receipt;
      const fee = formatEther(gasUsed * effectiveGasPrice);
      if (outcome.state !== 'landed') {
        lastReason.delete(offer.option.account);
        log.warn({ ...aboutOffer(offer), reason: outcome.reason, gas: gasUsed, fee, hash }, outcome.state);
        return;
      }
      const { value } = outcome;
      const earned = outcome.profits.filter((profit) => profit.amount > 0n);
      for (const leg of outcome.legs) {
        log.info(
          {
            account: leg.account,
            debt: symbol(leg.debt),
            collateral: symbol(leg.collateral),
            repaid: amount(leg.debt, leg.repaid),
            seized: amount(leg.collateral, leg.seized),
            profit: earned.map((profit) => amount(profit.token, profit.amount)),
            value: formatEther(value),
            gas: gasUsed,
            fee,
            hash,
            // The same in smallest units, for machines.
            units: {
              repaid: leg.repaid,
              seized: leg.seized,
              profit: Object.fromEntries(earned.map((profit) => [symbol(profit.token), profit.amount])),
            },
          },
          'landed',
        );
      }
    },

    left(offers: readonly Offer[]) {
      for (const offer of offers) log.warn(aboutOffer(offer), 'still on its way when the keeper stopped');
    },
  };
}
