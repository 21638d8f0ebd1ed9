import type { Hash, Hex } from 'viem';
import type { Logger } from '../log/log.ts';
import type { Head } from './head.ts';
import type { Abilities, EndpointHealth, Member } from './member.ts';

/** Blocks an endpoint may be behind the best and still be used. */
export const MOST_LAG = 3;
/** A head that goes back further than this, alone, is not believed; one that is further from the last may be of another chain. */
export const FARTHEST_BACK = 64n;
/** Milliseconds for which the head of an endpoint that died still counts: the others are to reach it, not to fall back. */
const MOURNING = 60_000;

/** All that is known of the endpoints of a chain. */
export type State = {
  chainId: number;
  members: readonly Member[];
  log: Logger;
  /** Who waits for an endpoint that is set aside. */
  waiting: Map<Member, Set<() => void>>;
  /** Hashes of the last blocks that the chain went on without. */
  abandoned: Set<string>;
  /** Who was the best when last asked for. */
  favourite: Member | undefined;
  closed: boolean;
  /** Numbers of the last heads, by hash. */
  numbers: Map<Hash, Hex>;
  /** Called with each head noted. */
  tell: (member: Member, head: Head) => void;
};

export const isStranded = ({ abandoned }: State, { head }: Member): boolean =>
  head !== undefined && abandoned.has(head.hash);

export function isLeap({ head: last }: Member, { number }: Head): boolean {
  if (!last) return false;
  const far = number > last.number ? number - last.number : last.number - number;
  return far > FARTHEST_BACK;
}

const isVoter = ({ aside }: Member): boolean =>
  !aside || aside.kind === 'behind' || (aside.kind === 'dead' && Date.now() - aside.since < MOURNING);

export const votersOf = ({ members }: State): Member[] => members.filter((member) => member.head && isVoter(member));

/** The best of those whose chain is not left. */
export function newestOf(state: State): bigint | undefined {
  let best: bigint | undefined;
  for (const voter of votersOf(state)) {
    const { number } = voter.head!;
    if (!isStranded(state, voter) && (best === undefined || number > best)) best = number;
  }
  return best;
}

/** Blocks behind the best of those whose chain is not left; 0 for one that has not said. */
export function lagOf(state: State, member: Member): number {
  if (!member.head) return 0;
  const best = newestOf(state) ?? 0n;
  return best > member.head.number ? Number(best - member.head.number) : 0;
}

export const isUsable = (state: State, member: Member): boolean =>
  !member.aside && !isStranded(state, member) && lagOf(state, member) <= MOST_LAG;

/** Milliseconds that a request there is expected to cost, late answers and failures counted in. */
function costOf(state: State, member: Member): number {
  const latency = member.latency ?? 100;
  const unknown = member.head ? 0 : 10_000;
  const limited = member.limitedUntil > Date.now() ? 100_000 : 0;
  return latency * (1 + 4 * member.failing) + 250 * lagOf(state, member) + unknown + limited;
}

/** Those that may be used, the best first. */
export function rank(state: State): Member[] {
  const usable = state.members.filter((member) => isUsable(state, member));
  const costs = new Map(usable.map((member) => [member, costOf(state, member)]));
  // Who is in use stays in use unless another is clearly better: two nodes differ in what they have pending.
  const { favourite } = state;
  const favoured = favourite && costs.get(favourite);
  if (favoured !== undefined) costs.set(favourite!, favoured * 0.7 - 20);
  const order = [...costs.keys()].sort((a, b) => costs.get(a)! - costs.get(b)!);
  state.favourite = order[0] ?? favourite;
  return order;
}

export function healthOf(state: State, member: Member): EndpointHealth {
  const { aside, head, latency, errors } = member;
  const lag = lagOf(state, member);
  const behind = aside?.kind === 'behind' || (!aside && !isUsable(state, member));
  return {
    endpoint: member.endpoint.shown,
    state: behind ? 'behind' : aside ? 'set aside' : 'good',
    head: head?.number,
    lag,
    errors,
    latencyMs: latency === undefined ? undefined : Math.round(latency),
    reason: aside?.reason ?? (behind ? `${lag} blocks behind` : undefined),
    retryAt: aside?.retryAt,
    abilities: abilitiesOf(member),
  };
}

const abilitiesOf = ({ has, lacks, logRange, endpoint }: Member): Abilities => ({
  has: [...has].sort(),
  lacks: [...lacks].sort(),
  batch: endpoint.batch(),
  logRange,
});
