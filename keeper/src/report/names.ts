import { type Address, formatUnits, getAddress } from 'viem';
import { type MarketKey, marketOfClaim, partsOf } from '../store/key.ts';
import type { Sent } from '../store/sent.ts';

/** A market as people call it. */
export type Named = { key: MarketKey; name: string };
/** Tokens of a market that is open. */
type Listed = { market: { assets: readonly { address: Address; symbol: string; decimals: number }[] } };

/** What every line names its market by. */
export type MarketName = { protocol: string; market: string };

/** How markets, tokens, amounts and accounts are shown. */
export type Names = ReturnType<typeof createNames>;

/**
 * @param markets - all that are watched, also those that are not open yet
 * @param open - those that are; may grow
 */
export function createNames(markets: readonly Named[], open: readonly Listed[]) {
  const names = new Map(markets.map(({ key, name }) => [key, name]));
  const assetOf = (token: Address) => {
    for (const { market } of open) {
      const found = market.assets.find(({ address }) => address.toLowerCase() === token.toLowerCase());
      if (found) return found;
    }
    return undefined;
  };
  return {
    /** A market that nobody watches any more has its address for a name. */
    market(key: MarketKey): MarketName {
      const { protocol, address } = partsOf(key);
      return { protocol, market: names.get(key) ?? getAddress(address) };
    },
    symbol: (token: Address): string => assetOf(token)?.symbol ?? token,
    amount(token: Address, units: bigint): string {
      const asset = assetOf(token);
      return asset ? `${formatUnits(units, asset.decimals)} ${asset.symbol}` : `${units} of ${token}`;
    },
  };
}

/** Whom a leg concerns, as people call them. */
export const labelsOf = ({ deals }: Sent): string[] => [
  ...new Set(deals.flatMap(({ subjects }) => subjects.map(({ label }) => label))),
];

/** One under a name, several as a list under another, so that a field has one type; nobody not at all. */
export const some = (one: string, several: string, values: readonly string[]) =>
  values.length === 0 ? {} : values.length === 1 ? { [one]: values[0] } : { [several]: values };

/** The leg's market, whom it concerns, and the tokens that it spends and gains. */
export function legLine(names: Names, sent: Sent) {
  const spends = once(sent.deals.flatMap(({ spend }) => spend ?? []));
  const gains = once(sent.deals.flatMap(({ gain }) => gain ?? []));
  return {
    ...names.market(sent.deals[0]!.market),
    ...some('account', 'who', labelsOf(sent)),
    ...some('debt', 'debts', spends.map(names.symbol)),
    ...some('collateral', 'collaterals', gains.map(names.symbol)),
  };
}

const once = <Text extends string>(values: readonly Text[]): Text[] => [...new Set(values)];

/** Protocols and markets of legs, each once. */
export function marketsLine(names: Names, legs: readonly Sent[]) {
  const markets = legs.map(({ deals }) => names.market(deals[0]!.market));
  return {
    ...some('protocol', 'protocols', once(markets.map(({ protocol }) => protocol))),
    ...some('market', 'markets', once(markets.map(({ market }) => market))),
  };
}

/** One leg as one; several as lists, the accounts leg by leg and of the rest each once. */
export function legsLine(names: Names, legs: readonly Sent[]) {
  const [only, ...more] = legs;
  if (only && more.length === 0) return legLine(names, only);
  const tokens = (which: 'spend' | 'gain') =>
    once(legs.flatMap(({ deals }) => deals.flatMap((deal) => deal[which] ?? [])).map(names.symbol));
  return {
    ...marketsLine(names, legs),
    who: legs.flatMap(labelsOf),
    debts: tokens('spend'),
    collaterals: tokens('gain'),
  };
}

/** The market of a claim, and the account that it is on; what else it is on goes by its own name. */
export function claimLine(names: Names, claim: string) {
  const key = marketOfClaim(claim);
  const rest = claim.slice(key.length + 1);
  const [, address] = /^account\/(0x[0-9a-f]{40})$/.exec(rest) ?? [];
  return { ...names.market(key), ...(address ? { account: getAddress(address) } : { claim: rest }) };
}
