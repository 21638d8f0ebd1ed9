import type { DatabaseSync } from 'node:sqlite';
import { type Address, getAddress, type Hash, type Hex, maxUint256 } from 'viem';
import type { Leg } from '../contract/plan.ts';
import { packedIn, unpackPlan } from '../contract/unpack.ts';
import { bytesToHex, lower } from './bytes.ts';
import { accountClaim, marketKey } from './key.ts';
import { textOfLegs, textOfOutcomes } from './legs.ts';
import type { LegOutcome, LegState } from './outcome.ts';
import type { Sent } from './sent.ts';

/** An attempt of the first schema: its legs are triples of account, debt and collateral. */
type OldRow = {
  id: number;
  protocol: string;
  market: Address;
  legs: string;
  data: Uint8Array;
  hashes: string;
  state: string;
  reason: string | null;
};
type Triple = [account: Address, debt: Address, collateral: Address];

/**
 * Turns the legs of the first schema into those of the second: each as its plan's calldata has it, with what became of it. The
 * first schema says that of a plan as a whole; a leg of a plan that landed has landed where the history has a row for it.
 */
export function rewriteLegs(db: DatabaseSync): void {
  const rows = db.prepare('SELECT id, protocol, market, legs, data, hashes, state, reason FROM attempts').all();
  const update = db.prepare('UPDATE attempts SET legs = ?, outcomes = ? WHERE id = ?');
  for (const row of rows as unknown as OldRow[]) {
    const legs = sentOf(row);
    const landed = row.state === 'landed' ? placeLanded(db, row, legs) : new Set<number>();
    const outcomes = outcomesOf(row, legs, landed);
    update.run(textOfLegs(legs), outcomes && textOfOutcomes(outcomes), row.id);
  }
}

function sentOf({ protocol, market, legs, data }: OldRow): Sent[] {
  const key = marketKey(protocol, market);
  const triples = JSON.parse(legs) as Triple[];
  const inPlan = legsIn(bytesToHex(data));
  return triples.map((triple, index) => {
    const [account, debt, collateral] = triple;
    const found = inPlan.length === triples.length ? inPlan[index] : undefined;
    const { round, leg } = found ?? { round: 0, leg: legWithout(market, triple) };
    const step = triples.slice(0, index).filter(([before]) => before === account).length;
    const deal = {
      id: `${key}/${account}/${debt}/${collateral}#${step}`,
      market: key,
      kind: 'liquidate' as const,
      subjects: [{ key: account, label: getAddress(account) }],
      claims: [accountClaim(key, account)],
      spend: debt,
      gain: collateral,
    };
    return { round, leg, deals: [deal] };
  });
}

/** Of calldata that is no plan of this version nothing is known but whom its legs concern. */
const legWithout = (market: Address, [borrower, , collateral]: Triple): Leg => ({
  protocol: 0,
  market,
  borrower,
  collateral,
  repay: maxUint256,
  extra: '0x',
});

function legsIn(calldata: Hex): { round: number; leg: Leg }[] {
  try {
    const { rounds } = unpackPlan(packedIn(calldata));
    return rounds.flatMap(({ legs }, round) => legs.map((leg) => ({ round, leg })));
  } catch {
    return [];
  }
}

/** Numbers the legs that landed as they stand in the plan, where they were counted alone. @returns these numbers */
function placeLanded(db: DatabaseSync, { hashes }: OldRow, legs: readonly Sent[]): Set<number> {
  const find = db.prepare('SELECT leg, account, debt, collateral FROM liquidations WHERE hash = ? ORDER BY leg');
  const move = db.prepare('UPDATE liquidations SET leg = ? WHERE hash = ? AND leg = ?');
  const landed = new Set<number>();
  for (const hash of (JSON.parse(hashes) as Hash[]).map(lower)) {
    const moves: { from: number; to: number }[] = [];
    let last = -1;
    for (const row of find.all(hash) as { leg: number; account: string; debt: string; collateral: string }[]) {
      const isIt = ({ deals: [deal] }: Sent) =>
        deal?.subjects[0]?.key === row.account && deal.spend === row.debt && deal.gain === row.collateral;
      // They are in the order of the plan: none landed before the one before it.
      const to = legs.findIndex((leg, index) => index > last && isIt(leg));
      if (to < 0) continue;
      landed.add(to);
      last = to;
      moves.push({ from: row.leg, to });
    }
    // From the last on: each goes to a place behind its own, which is free then.
    for (const { from, to } of moves.reverse()) if (from !== to) move.run(to, hash, from);
  }
  return landed;
}

const NOT_TOLD = 'an earlier version of plimsoll did not say why';

function outcomesOf({ state, reason }: OldRow, legs: readonly Sent[], landed: Set<number>): LegOutcome[] | null {
  if (state === 'planned' || state === 'sent') return null;
  return legs.map(({ deals }, index) => {
    const skipped = state === 'landed' && !landed.has(index);
    const why = skipped ? { reason: NOT_TOLD } : reason === null ? {} : { reason };
    const now = { state: skipped ? 'skipped' : (state as LegState), ...why };
    return { ...now, deals: deals.map(({ id }) => ({ id, ...now })) };
  });
}
