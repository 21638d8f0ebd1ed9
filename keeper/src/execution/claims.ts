import type { Sent } from '../store/sent.ts';

/**
 * The claims of legs: accounts, stocks and positions that nothing else may be about while they are on their way.
 *
 * @example
 * claimsOf(attempt.legs); // Set { 'aave-v3:0x87…/account/0xab…' }
 */
export const claimsOf = (legs: readonly Sent[]): ReadonlySet<string> =>
  new Set(legs.flatMap(({ deals }) => deals.flatMap(({ claims }) => claims)));

/**
 * The claims of everything that is on its way. What has used its nonce and is not explained holds none: what it did is in the state.
 *
 * @example
 * const busy = claimsInFlight(lane.inFlight());
 * const free = claims.filter((claim) => !busy.has(claim));
 */
export const claimsInFlight = (
  flights: readonly { about: { legs: readonly Sent[] }; unresolved?: boolean }[],
): ReadonlySet<string> => claimsOf(flights.flatMap(({ about, unresolved }) => (unresolved ? [] : about.legs)));
