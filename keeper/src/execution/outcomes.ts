import {
  type Abi,
  type Address,
  decodeEventLog,
  type Hash,
  type Log,
  type PublicClient,
  parseEventLogs,
  type TransactionReceipt,
} from 'viem';
import { liquidatorAbi } from '../bindings.ts';
import { readTally, type Tally } from '../contract/plan.ts';
import { decodeRevert, type Revert, showRevert, withInner } from '../log/revert.ts';
import type { Fate, Protocol } from '../protocols/protocol.ts';
import { partsOf } from '../store/key.ts';
import type { DealOutcome, LegOutcome, Why } from '../store/outcome.ts';
import type { Sent } from '../store/sent.ts';
import { align, type Told } from './align.ts';
import { failureOf } from './replay.ts';
import type { Measured } from './shares.ts';

/** What became of a plan that was mined: `landed` if one of its legs has, `lost` if a rival was first with all of them. */
export type Outcome = {
  state: 'landed' | 'lost' | 'reverted';
  /** Why, where none landed. */
  reason: string | undefined;
  /** One for each leg that was sent, in order; `measured` where it landed. */
  legs: readonly (LegOutcome & { measured?: Measured })[];
  /** What the treasury received, measured there. */
  profits: readonly { token: Address; amount: bigint }[];
  /** Wei, at the plan's prices, before gas. */
  value: bigint;
  /** Those prices, by token: wei times 1e18 for one smallest unit. Missing where the plan is not known. */
  prices?: ReadonlyMap<Address, bigint>;
  /** As the contract counted and paid, where the plan was carried out. */
  tally?: Tally;
};

/** Whether what a leg is about is still to be had in the state behind a block. */
export type StillThere = (sent: Sent, blockHash: Hash) => Promise<boolean>;

/** What outcomes are read with. */
export type OutcomeWorld = {
  client: PublicClient;
  /** What the contracts may revert with. */
  errors: Abi;
  protocolOf: (id: string) => Pick<Protocol, 'fates' | 'gone' | 'explain'>;
  stillThere: StillThere;
};

/** What is said of a leg whose account was read and is not to be had any more. */
const NOT_THERE = 'a rival was first, or it is out of danger again';

/**
 * Reads what became of each leg of a plan from its receipt; a plan that reverted is run again for its reason. What a revert does
 * not tell is read from the accounts at that block.
 *
 * @param sent - the plan's legs, as they were sent
 * @returns what is known; a node that cannot tell more leaves a leg at what its plan or its round came to
 * @example
 * const { state, legs } = await outcomeOf(world, receipt, attempt.legs);
 * legs.map((leg) => leg.state); // ['landed', 'lost', 'skipped']
 */
export async function outcomeOf(
  world: OutcomeWorld,
  receipt: TransactionReceipt,
  sent: readonly Sent[],
): Promise<Outcome> {
  if (receipt.status === 'reverted') return outcomeOfRevert(world, receipt, sent);
  const [done] = parseEventLogs({ abi: liquidatorAbi, logs: receipt.logs, eventName: 'PlanExecuted' });
  if (!done) {
    const reason = `${receipt.to} is no Liquidator: it says nothing of a plan`;
    const legs = sent.map((leg) => allOf(leg, { state: 'reverted', reason }));
    return { state: 'reverted', reason, legs, profits: [], value: 0n };
  }
  const told = align(receipt.logs, receipt.to!, sent);
  const legs = await Promise.all(sent.map((leg, index) => legOutcome(world, leg, told[index], receipt.blockHash)));
  const { profits, value, tally } = done.args;
  return { ...planState(legs), legs, profits, value, tally: readTally(tally) };
}

function planState(legs: readonly LegOutcome[]): Pick<Outcome, 'state' | 'reason'> {
  if (legs.some(({ state }) => state === 'landed')) return { state: 'landed', reason: undefined };
  const isLost = legs.length > 0 && legs.every(({ state }) => state === 'lost');
  return { state: isLost ? 'lost' : 'reverted', reason: legs[0]?.reason };
}

/** All deals of a leg come to the same. */
const allOf = ({ deals }: Sent, now: Pick<LegOutcome, 'state'> & Why): LegOutcome => ({
  ...now,
  deals: deals.map(({ id }) => ({ id, ...now })),
});

/**
 * The same end for every leg of a plan, which none of them had a part in.
 *
 * @example
 * endOfAll(legs, 'expired', 'no node has it')[0]; // { state: 'expired', reason: 'no node has it', deals: […] }
 */
export const endOfAll = (sent: readonly Sent[], state: LegOutcome['state'], reason: string): LegOutcome[] =>
  sent.map((leg) => allOf(leg, { state, reason }));

/**
 * The protocol that a leg is of.
 *
 * @example
 * protocolOfLeg(world, sent).explain(revert);
 */
export const protocolOfLeg = (world: Pick<OutcomeWorld, 'protocolOf'>, { deals }: Sent) =>
  world.protocolOf(partsOf(deals[0]!.market).protocol);

async function legOutcome(
  world: OutcomeWorld,
  sent: Sent,
  told: Told | undefined,
  blockHash: Hash,
): Promise<Outcome['legs'][number]> {
  if (!told) return allOf(sent, { state: 'skipped', reason: 'the contract tells nothing of it' });
  if ('skipped' in told) return outcomeOfSkippedRound(world, sent, told, blockHash);
  const fates = protocolOfLeg(world, sent).fates(sent, told.own, told.before);
  const deals = await Promise.all(fates.map((fate) => dealOutcome(world, sent, fate, blockHash)));
  const landed = deals.some(({ state }) => state === 'landed');
  if (landed) return { state: 'landed', deals, measured: measuredIn(sent, told.own) };
  const all = deals.every(({ state }) => state === 'lost');
  const first = all ? deals[0] : deals.find(({ state }) => state !== 'lost');
  return { ...whyOf(first), state: all ? 'lost' : 'skipped', deals };
}

const whyOf = (from: Why | undefined): Why => ({
  ...(from?.reason !== undefined && { reason: from.reason }),
  ...(from?.revert !== undefined && { revert: from.revert }),
});

async function dealOutcome(world: OutcomeWorld, sent: Sent, fate: Fate, blockHash: Hash): Promise<DealOutcome> {
  const { id, state, reason } = fate;
  if (!reason) return { id, state };
  if (state !== 'skipped') return { id, state, ...why(world, sent, reason) };
  return { id, ...(await judged(world, sent, reason, blockHash, 'skipped')) };
}

/** The revert for people, and as it is. */
const why = (world: OutcomeWorld, sent: Sent, revert: Revert): Required<Why> => ({
  reason: protocolOfLeg(world, sent).explain(revert),
  revert: showRevert(revert),
});

/** What a leg that reverted came to: `lost` where a rival was first, else as its round or its plan did. */
async function judged<State extends 'skipped' | 'reverted'>(
  world: OutcomeWorld,
  sent: Sent,
  revert: Revert,
  blockHash: Hash,
  otherwise: State,
): Promise<{ state: State | 'lost' } & Required<Why>> {
  const gone = protocolOfLeg(world, sent).gone(revert, sent) ?? !(await isThere(world, sent, blockHash));
  return { state: gone ? 'lost' : otherwise, ...why(world, sent, revert) };
}

/** A node that has not got that block's state any more leaves it at what is known. */
const isThere = ({ stillThere }: OutcomeWorld, sent: Sent, blockHash: Hash): Promise<boolean> =>
  stillThere(sent, blockHash).catch(() => true);

/**
 * The leg that a round's revert names, by its index there, and what that leg reverted with.
 *
 * @example
 * failedLeg(decodeRevert(reason, errors))?.index; // 3
 */
export function failedLeg(revert: Revert | undefined): { index: number; revert: Revert } | undefined {
  for (const each of revert ? withInner(revert) : []) {
    if (each.name !== 'LegFailed') continue;
    return { index: Number(each.args[0]), revert: each.inner ?? { name: '', args: [], data: '0x' } };
  }
  return undefined;
}

async function outcomeOfSkippedRound(
  world: OutcomeWorld,
  sent: Sent,
  { skipped, index }: Extract<Told, { skipped: unknown }>,
  blockHash: Hash,
): Promise<LegOutcome> {
  const revert = decodeRevert(skipped, world.errors);
  const failed = failedLeg(revert);
  if (failed?.index === index) return allOf(sent, await judged(world, sent, failed.revert, blockHash, 'skipped'));
  const { reason, revert: text } = why(world, sent, revert);
  return allOf(sent, { state: 'skipped', reason: `its round failed: ${reason}`, revert: text });
}

async function outcomeOfRevert(
  world: OutcomeWorld,
  receipt: TransactionReceipt,
  sent: readonly Sent[],
): Promise<Outcome> {
  const { reason, revert } = await failureOf(world.client, receipt, world.errors);
  const failed = failedLeg(revert);
  // Of a plan in which nothing landed the last round's reason is told.
  const lastRound = sent.at(-1)?.round;
  const first = sent.findIndex(({ round }) => round === lastRound);
  const legs = await Promise.all(
    sent.map(async (leg, index) => {
      if (failed && index === first + failed.index) {
        return allOf(leg, await judged(world, leg, failed.revert, receipt.blockHash, 'reverted'));
      }
      if (await isThere(world, leg, receipt.blockHash)) return allOf(leg, { state: 'reverted', reason });
      return allOf(leg, { state: 'lost', reason: NOT_THERE });
    }),
  );
  return { ...planState(legs), reason, legs, profits: [], value: 0n };
}

/** The amounts of `Liquidated`; nothing of a position that was frozen, which moves no money. */
function measuredIn({ leg, deals }: Sent, own: Log): Measured {
  const { eventName, args } = decodeEventLog({ abi: liquidatorAbi, topics: own.topics, data: own.data });
  if (eventName === 'Liquidated') {
    const { borrower: account, debt, collateral, repaid, seized } = args;
    return { account, debt, collateral, repaid, seized };
  }
  const debt = deals.find(({ spend }) => spend !== undefined)?.spend ?? leg.collateral;
  return { account: leg.borrower, debt, collateral: leg.collateral, repaid: 0n, seized: 0n };
}
