import { type Address, getAddress, isAddress, type PublicClient } from 'viem';
import { chainPreset, showChain } from '../config/chains.ts';
import { usageError } from '../config/error.ts';
import type { Settings } from '../config/schema.ts';
import { didYouMean } from '../config/suggest.ts';
import { type MarketKey, marketKey } from '../store/key.ts';
import type { Preset, Protocol } from './protocol.ts';
import { protocols } from './registry.ts';

/**
 * A market to watch.
 *
 * - `name`: what logs call it: its preset's, else its own address.
 * - `given`: everything that `--market` named it by; nothing where it is a protocol's main market, several where it has two names.
 */
export type Chosen = { name: string; protocol: Protocol; key: MarketKey; address: Address; given: readonly string[] };

/** What `--protocol` and `--market` say, and where. */
type Asked = {
  /** As it was typed: `preset`, `0x…`, or either with a protocol and a colon before it. */
  markets: readonly string[];
  /** The ids after `--protocol`; none where it is left out. */
  protocols: readonly string[];
  /** The protocols to look for markets in, and all there are. */
  wanted: readonly Protocol[];
  all: readonly Protocol[];
  chainId: number;
  client: PublicClient;
};

/**
 * The markets that `--protocol` and `--market` name on this chain, each once: presets by name, others by an address, which is
 * probed. A protocol of which no market is named has its main one.
 *
 * The presets, which take a while to load, are only asked for where a name is given, or none.
 *
 * @throws KeeperError with exit code 2: one line that names what there is
 * @example
 * const [market] = await chooseMarkets({ protocol: ['aave-v3'], market: undefined }, 8453, client);
 * market.name; // 'base'
 */
export async function chooseMarkets(
  settings: Pick<Settings, 'protocol' | 'market'>,
  chainId: number,
  client: PublicClient,
  registry: Readonly<Record<string, Protocol>> = protocols,
): Promise<Chosen[]> {
  const all = Object.values(registry);
  const ids: readonly string[] = settings.protocol ?? [];
  const wanted = ids.length === 0 ? all : all.filter(({ id }) => ids.includes(id));
  const asked: Asked = { markets: settings.market ?? [], protocols: ids, wanted, all, chainId, client };
  const named = await Promise.all(asked.markets.map((market) => chooseOne(market, asked)));
  const unnamed = ids.length === 0 ? [] : wanted.filter((each) => !named.some(({ protocol }) => protocol === each));
  return together([...named, ...(await Promise.all(unnamed.map((protocol) => mainOf(protocol, chainId))))]);
}

/** Each market once, where it was first, with all its names. */
function together(chosen: readonly Chosen[]): Chosen[] {
  const byKey = new Map<MarketKey, Chosen>();
  for (const each of chosen) {
    const before = byKey.get(each.key);
    const name = before && isAddress(before.name) ? each.name : before?.name;
    const given = [...(before?.given ?? []), ...each.given];
    byKey.set(each.key, { ...each, name: name ?? each.name, given: differing(given) });
  }
  return [...byKey.values()];
}

/** One name in two spellings is one. */
const differing = (names: readonly string[]): string[] =>
  names.filter((name, index) => names.findIndex((each) => each.toLowerCase() === name.toLowerCase()) === index);

async function mainOf(protocol: Protocol, chainId: number): Promise<Chosen> {
  const here = await protocol.presets(chainId);
  const main = here.find(({ isMain }) => isMain);
  if (main) return chosenOf(protocol, main.id, main.address);
  const none = `${protocol.id} has no main market there that is known by name`;
  throw usageError(`--market is required on chain ${showChain(chainId)}: ${none}; ${knownOf(here)}`);
}

async function chooseOne(market: string, asked: Asked): Promise<Chosen> {
  const colon = market.indexOf(':');
  if (colon < 0) return chooseAmong(market, market, asked.wanted, asked);
  const id = market.slice(0, colon);
  const protocol = asked.all.find((each) => each.id === id);
  if (!protocol) {
    const known = asked.all.map((each) => each.id);
    throw usageError(`--market ${market}: no such protocol${didYouMean(id, known)}; known: ${known.join(', ')}`);
  }
  if (!asked.wanted.includes(protocol)) throw notAsked(market, protocol);
  return chooseAmong(market, market.slice(colon + 1), [protocol], asked);
}

/** @param name - `market` without the protocol before it */
function chooseAmong(market: string, name: string, among: readonly Protocol[], asked: Asked): Promise<Chosen> {
  if (!/^0x/i.test(name)) return byName(market, name.toLowerCase(), among, asked);
  if (isAddress(name, { strict: false })) return byAddress(market, getAddress(name), among, asked);
  throw usageError(`--market ${market}: expected an address: 0x and 40 hex digits`);
}

async function byAddress(market: string, address: Address, among: readonly Protocol[], asked: Asked): Promise<Chosen> {
  const probe = async (some: readonly Protocol[]) => {
    const found = await Promise.all(some.map((protocol) => protocol.find(asked.client, address)));
    return some.flatMap((protocol, index) => (found[index] ? [{ protocol, own: found[index] }] : []));
  };
  const [one, ...more] = await probe(among);
  if (one && more.length > 0) {
    const claimed = [one, ...more].map(({ protocol }) => `${protocol.id}:${address}`).join(' or ');
    throw usageError(`--market ${market} is a market of several protocols: pass ${claimed}`);
  }
  if (one) return chosenOf(one.protocol, one.own, one.own, market);
  const [other] = await probe(asked.all.filter((each) => !among.includes(each)));
  if (other) throw notAsked(market, other.protocol);
  const none = `no market of ${among.map(({ id }) => id).join(', ')} on chain ${showChain(asked.chainId)}`;
  throw usageError(`--market ${market} is ${none}: pass the address of one, or a preset's name`);
}

async function byName(market: string, id: string, among: readonly Protocol[], asked: Asked): Promise<Chosen> {
  const of = async (some: readonly Protocol[]) => {
    const each = await Promise.all(
      some.map(async (protocol) => (await protocol.presets()).map((preset) => ({ ...preset, protocol }))),
    );
    return each.flat();
  };
  const on = (preset: Preset) => preset.chainId === asked.chainId;
  const all = await of(among);
  const here = all.filter(on);
  const isNamed = (preset: Preset) => plain(preset.id) === plain(id);
  const isChain = plain(chainPreset(asked.chainId)?.key ?? '') === plain(id);
  const exact = here.filter(isNamed);
  // The chain's own name means its main market.
  const [one, ...more] = exact.length > 0 || !isChain ? exact : here.filter(({ isMain }) => isMain);
  if (one && more.length > 0) {
    const claimed = [one, ...more].map(({ protocol }) => `${protocol.id}:${id}`).join(' or ');
    throw usageError(`--market ${market} is a preset of several protocols: pass ${claimed}`);
  }
  if (one) return chosenOf(one.protocol, one.id, one.address, market);
  const others = await of(asked.all.filter((each) => !among.includes(each)));
  const other = others.find((preset) => on(preset) && isNamed(preset));
  if (other) throw notAsked(market, other.protocol);
  const elsewhere = all.find(isNamed);
  const chain = showChain(asked.chainId);
  if (elsewhere) {
    const where = `is on chain ${showChain(elsewhere.chainId)}, not on ${chain}`;
    throw usageError(`--market ${market} ${where}; ${knownOf(here)}`);
  }
  const ids = here.map((preset) => preset.id);
  throw usageError(`--market ${market}: no such market on chain ${chain}${didYouMean(id, ids)}; ${knownOf(here)}`);
}

/** Names that differ in their hyphens alone are the same. */
const plain = (id: string): string => id.replace(/[^a-z0-9]/g, '');

const notAsked = (market: string, { id }: Protocol) =>
  usageError(`--market ${market} is of ${id}, which is not asked for: add --protocol ${id}`);

const knownOf = (here: readonly Preset[]): string =>
  here.length > 0 ? `known here: ${[...new Set(here.map(({ id }) => id))].join(', ')}` : 'give the address of one';

/** @param given - what `--market` named it by */
const chosenOf = (protocol: Protocol, name: string, address: Address, given?: string): Chosen => ({
  name,
  protocol,
  key: marketKey(protocol.id, address),
  address,
  given: given === undefined ? [] : [given],
});
