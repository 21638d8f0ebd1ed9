import type { Sent } from '../store/sent.ts';

/** The claims of legs: accounts, stocks and positions that nothing else may be about while they are on their way. */
export const claimsOf = (legs: readonly Sent[]): ReadonlySet<string> =>
  new Set(legs.flatMap(({ deals }) => deals.flatMap(({ claims }) => claims)));

/** The claims of everything that is on its way. */
export const claimsInFlight = (flights: readonly { about: { legs: readonly Sent[] } }[]): ReadonlySet<string> =>
  claimsOf(flights.flatMap(({ about }) => about.legs));
