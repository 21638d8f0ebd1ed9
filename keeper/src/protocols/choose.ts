import { type Address, getAddress, isAddress, type PublicClient } from 'viem';
import { showChain } from '../config/chains.ts';
import { usageError } from '../config/error.ts';
import type { Settings } from '../config/schema.ts';
import { didYouMean } from '../config/suggest.ts';
import { type MarketKey, marketKey } from '../store/key.ts';
import type { Preset, Protocol } from './protocol.ts';
import { protocols } from './registry.ts';

/** A market to watch: what users call it, whose it is, its own address, and the one that it was named by where that is another. */
export type Chosen = { name: string; protocol: Protocol; key: MarketKey; address: Address; alias?: Address };

/** What `--protocol` and `--market` say. */
type Asked = Pick<Settings, 'protocol' | 'market'>;
type Named = Preset & { protocol: Protocol };

/**
 * The markets that `--protocol` and `--market` name on this chain, each once: presets by name, others by an address, which is
 * probed where no protocol stands before it. A protocol of which no market is named has its main one.
 *
 * @throws KeeperError with exit code 2: one line that names what there is
 */
export async function chooseMarkets(asked: Asked, chainId: number, client: PublicClient): Promise<Chosen[]> {
  const wanted = (asked.protocol ?? Object.keys(protocols)).map((id) => protocols[id]!);
  const named = asked.market ?? [];
  const chosen = await Promise.all(named.map((market) => chooseOne(market, wanted, asked, chainId, client)));
  const without = wanted.filter(
    (protocol) => asked.protocol !== undefined && !chosen.some((each) => each.protocol === protocol),
  );
  const all = [...chosen, ...(await Promise.all(without.map((protocol) => mainOf(protocol, chainId))))];
  return all.filter((each, index) => all.findIndex(({ key }) => key === each.key) === index);
}

async function mainOf(protocol: Protocol, chainId: number): Promise<Chosen> {
  const here = await protocol.presets(chainId);
  const main = here.find(({ isMain }) => isMain);
  if (main) return chosenOf(protocol, main.id, main.address);
  throw usageError(
    `--market is required on chain ${showChain(chainId)}: ${protocol.id} has no preset there; ${knownOf(here)}`,
  );
}

/** `preset`, `0x…`, and either with a protocol and a colon before it. */
async function chooseOne(
  market: string,
  wanted: readonly Protocol[],
  asked: Asked,
  chainId: number,
  client: PublicClient,
): Promise<Chosen> {
  const colon = market.indexOf(':');
  const id = colon < 0 ? undefined : market.slice(0, colon);
  const bare = market.slice(colon + 1);
  if (id !== undefined && !protocols[id]) {
    const known = Object.keys(protocols);
    throw usageError(`--market ${market}: no such protocol${didYouMean(id, known)}; known: ${known.join(', ')}`);
  }
  const among = id === undefined ? wanted : [protocols[id]!];
  if (id !== undefined && !wanted.includes(protocols[id]!)) {
    throw usageError(`--market ${market} is of ${id}, which --protocol ${asked.protocol!.join(', ')} leaves out`);
  }
  return isAddress(bare, { strict: false })
    ? byAddress(market, getAddress(bare), among, asked, chainId, client)
    : byName(market, bare.toLowerCase(), among, chainId);
}

async function byAddress(
  market: string,
  address: Address,
  among: readonly Protocol[],
  asked: Asked,
  chainId: number,
  client: PublicClient,
): Promise<Chosen> {
  const probe = async (some: readonly Protocol[]) => {
    const found = await Promise.all(some.map((protocol) => protocol.find(client, address)));
    return some.flatMap((protocol, index) => (found[index] ? [{ protocol, own: found[index] }] : []));
  };
  const [one, ...more] = await probe(among);
  if (one && more.length > 0) {
    const claimed = [one, ...more].map(({ protocol }) => `${protocol.id}:${address}`).join(' or ');
    throw usageError(`--market ${market} is a market of several protocols: pass ${claimed}`);
  }
  if (one) {
    const preset = (await one.protocol.presets(chainId)).find((each) => getAddress(each.address) === one.own);
    return chosenOf(one.protocol, preset?.id ?? one.own, one.own, address);
  }
  const [other] = asked.protocol ? await probe(Object.values(protocols).filter((each) => !among.includes(each))) : [];
  if (other) throw usageError(`--market ${market} is of ${other.protocol.id}: add --protocol ${other.protocol.id}`);
  const names = among.map(({ id }) => id).join(', ');
  throw usageError(
    `--market ${market} is no market of ${names} on chain ${showChain(chainId)}: pass the address of one, or a preset's name`,
  );
}

async function byName(market: string, id: string, among: readonly Protocol[], chainId: number): Promise<Chosen> {
  const of = async (some: readonly Protocol[]): Promise<Named[]> =>
    (
      await Promise.all(
        some.map(async (protocol) => (await protocol.presets()).map((preset) => ({ ...preset, protocol }))),
      )
    ).flat();
  const all = await of(among);
  const here = all.filter((preset) => preset.chainId === chainId);
  const found = here.filter((preset) => preset.id === id);
  if (found.length > 1) {
    const claimed = found.map(({ protocol }) => `${protocol.id}:${id}`).join(' or ');
    throw usageError(`--market ${market} is a preset of several protocols: pass ${claimed}`);
  }
  if (found[0]) return chosenOf(found[0].protocol, found[0].id, found[0].address);
  const elsewhere = all.find((preset) => preset.id === id);
  if (elsewhere) {
    const chains = `is on chain ${showChain(elsewhere.chainId)}, not on ${showChain(chainId)}`;
    throw usageError(`--market ${market} ${chains}; ${knownOf(here)}`);
  }
  const ids = here.map((preset) => preset.id);
  const no = `no such market on chain ${showChain(chainId)}${didYouMean(id, ids)}`;
  throw usageError(`--market ${market}: ${no}; ${knownOf(here)}`);
}

const knownOf = (here: readonly Preset[]): string =>
  here.length > 0 ? `known here: ${here.map(({ id }) => id).join(', ')}` : 'give the address of one';

const chosenOf = (protocol: Protocol, name: string, address: Address, alias = address): Chosen => ({
  name,
  protocol,
  key: marketKey(protocol.id, address),
  address,
  ...(alias === address ? {} : { alias }),
});
