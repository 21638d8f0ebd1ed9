import { type Address, decodeErrorResult, getAddress, type Hash, type Hex, parseAbi, parseEventLogs } from 'viem';
import { liquidatorAbi } from '../../keeper/src/bindings.ts';
import { readRounds, type SentLeg } from './plans.ts';
import type { Scene } from './scene.ts';

/** What became of one leg, whoever says so. `market` is its address. */
export type Fate = {
  account: Address;
  market: Address;
  state: 'landed' | 'lost' | 'skipped';
  /** What a leg that did not land reverted with, innermost: an error's name. */
  reason?: string;
};

/** A fate with what the chain tells beside it; of a leg that did not land there are no amounts. */
export type ChainFate = Fate & Pick<SentLeg, 'debt' | 'collateral'> & { repaid?: bigint; seized?: bigint };

/** What Aave says of an account that somebody was first at: 3.6 by name, up to 3.3 as a number in a string. */
const FIRST = ['HealthFactorNotBelowThreshold', 'SpecifiedCurrencyNotBorrowedByUser', '45', '47'];

const reasons = parseAbi([
  'error HealthFactorNotBelowThreshold()',
  'error SpecifiedCurrencyNotBorrowedByUser()',
  'error ReservePaused()',
  'error LegFailed(uint256 leg, bytes reason)',
  'error Error(string)',
]);

/** The innermost error's name; of `Error(string)` its text. */
function named(reason: Hex): string {
  const { errorName, args } = decodeErrorResult({ abi: reasons, data: reason });
  if (errorName === 'LegFailed') return named(args[1]);
  return errorName === 'Error' ? args[0] : errorName;
}

/** Which leg of a round that was skipped whole failed. */
function failing(reason: Hex): number {
  const { errorName, args } = decodeErrorResult({ abi: reasons, data: reason });
  if (errorName !== 'LegFailed') throw new Error(`a round was skipped for ${errorName} and not for a leg`);
  return Number(args[0]);
}

const stateFor = (reason: string): Fate['state'] => (FIRST.includes(reason) ? 'lost' : 'skipped');

/**
 * What became of each leg of a plan that was mined, in the plan's order, as the contract's events say by their position: a round
 * that landed has one event a leg, one that did not has one `RoundSkipped`.
 *
 * @throws when events and legs do not correspond
 */
export async function fatesOnChain({ client, liquidator }: Scene, hash: Hash): Promise<ChainFate[]> {
  const [{ input }, receipt] = await Promise.all([
    client.getTransaction({ hash }),
    client.getTransactionReceipt({ hash }),
  ]);
  const own = receipt.logs.filter(({ address }) => getAddress(address) === getAddress(liquidator));
  const names = ['Liquidated', 'LegSkipped', 'RoundSkipped'] as const;
  const events = [...parseEventLogs({ abi: liquidatorAbi, logs: own, eventName: [...names] })];
  const fates = readRounds(input).flatMap(({ legs }, round): ChainFate[] => {
    const [next] = events;
    if (next?.eventName === 'RoundSkipped' && Number(next.args.round) === round) {
      events.shift();
      const failed = failing(next.args.reason);
      const reason = named(next.args.reason);
      // What the round was skipped for is one leg's fault; the others never ran.
      return legs.map((leg, index) => ({
        ...leg,
        state: index === failed ? stateFor(reason) : 'skipped',
        reason,
      }));
    }
    return legs.map((leg): ChainFate => {
      const event = events.shift();
      if (!event || event.eventName === 'RoundSkipped')
        throw new Error(`${leg.account} of round ${round} has no event`);
      const { market, borrower } = event.args;
      if (borrower !== leg.account || market !== leg.market)
        throw new Error(`the event of ${leg.account} in ${leg.market} is of ${borrower} in ${market}`);
      if (event.eventName === 'Liquidated')
        return { ...leg, state: 'landed', repaid: event.args.repaid, seized: event.args.seized };
      const reason = named(event.args.reason);
      return { ...leg, state: stateFor(reason), reason };
    });
  });
  if (events.length > 0) throw new Error(`${hash} has ${events.length} more events than legs`);
  return fates;
}
