import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Chain as ChainDefinition,
  createPublicClient,
  defineChain,
  type PublicClient,
  type Transport,
} from 'viem';
import { chainPreset, showChain } from '../config/chains.ts';
import { KeeperError, usageError } from '../config/error.ts';
import type { Settings } from '../config/schema.ts';
import { describeUrl, type Logger } from '../log/log.ts';
import { oneLine } from '../log/one-line.ts';
import { MULTICALL3 } from './aggregate.ts';
import { type Endpoint, openEndpoint } from './endpoint.ts';
import { createEndpoints, type Endpoints } from './endpoints.ts';
import { type Fault, faultOf } from './errors.ts';
import { failover } from './failover.ts';

/** The first look at an endpoint: it answers within this many milliseconds or is not used. */
const FIRST_TIMEOUT = 8_000;
/** For how long it is looked at again where somebody is there who may answer a moment later, and the first pause; milliseconds. */
const [FIRST_PATIENCE, FIRST_PAUSE] = [4_000, 250];
const FIRST_FAULTS: readonly Fault[] = ['broken', 'limited', 'node', 'odd'];

/** The connection to one chain. */
export interface Chain {
  id: number;
  /** `8453 (Base)` */
  shown: string;
  nativeSymbol: string;
  client: PublicClient<Transport, ChainDefinition>;
  /** For a wallet client that shares the endpoints. */
  transport: Transport;
  /** viem's definition; names Multicall3 only where its code is. */
  definition: ChainDefinition;
  /** Whether Multicall3 is deployed; where not, `multicall` needs `deployless: true`. */
  hasMulticall3: boolean;
  /** In the order of `--rpc`. */
  endpoints: Endpoints;
}

/**
 * Connects to the endpoints and makes sure that they all serve the same chain, the one `--chain` names if it does. An endpoint
 * that does not answer is set aside with a warning, and joins when it answers for that chain.
 *
 * @throws KeeperError when none answers, or one serves another chain
 */
export async function connect(settings: Pick<Settings, 'rpc' | 'chain'>, log: Logger): Promise<Chain> {
  const urls = [...new Set(settings.rpc)];
  const opened = urls.map(openEndpoint);
  const answers = await askAll(opened);
  const id = agreedId(settings.chain, opened, answers);
  if (id === undefined) throw noAnswer(urls, answers);

  const endpoints = createEndpoints(id, opened, log);
  const looks = endpoints.members.map(async (member, index) => {
    const answer = answers[index]!;
    // What a look fails with is counted there.
    if (answer.status === 'fulfilled') await endpoints.look(member).catch(() => {});
    else endpoints.setAside(member, 'dead', oneLine(answer.reason.cause ?? answer.reason));
  });
  await Promise.all(looks);

  const transport = failover(endpoints);
  const probe = createPublicClient({ chain: define(id, false), transport });
  const hasMulticall3 = (await probe.getCode({ address: MULTICALL3 })) !== undefined;
  const definition = define(id, hasMulticall3);
  return {
    id,
    shown: showChain(id),
    nativeSymbol: definition.nativeCurrency.symbol,
    client: createPublicClient({ chain: definition, transport }),
    transport,
    definition,
    hasMulticall3,
    endpoints,
  };
}

/** The chain that all who answered are of; undefined when none did. @throws KeeperError when they differ */
function agreedId(
  wanted: number | undefined,
  endpoints: readonly Endpoint[],
  answers: readonly PromiseSettledResult<number>[],
): number | undefined {
  let id = wanted;
  let saidBy = id === undefined ? '' : `--chain says ${showChain(id)}`;
  let answered = false;
  for (const [index, answer] of answers.entries()) {
    if (answer.status === 'rejected') continue;
    const { shown } = endpoints[index]!;
    if (id === undefined) saidBy = `${shown} for ${showChain(answer.value)}`;
    id ??= answer.value;
    if (answer.value !== id) {
      throw usageError(`--rpc ${shown} answers for chain ${showChain(answer.value)}, but ${saidBy}; change one`);
    }
    answered = true;
  }
  return answered ? id : undefined;
}

/** Where nobody answers, those who may do so a moment later are asked again for a while. */
async function askAll(endpoints: readonly Endpoint[]): Promise<PromiseSettledResult<number>[]> {
  const started = Date.now();
  for (let pass = 0; ; pass++) {
    const answers = await Promise.allSettled(endpoints.map(askChainId));
    const isOver = Date.now() - started > FIRST_PATIENCE || answers.some(({ status }) => status === 'fulfilled');
    const isPassing = answers.some(
      (answer) => answer.status === 'rejected' && FIRST_FAULTS.includes(faultOf(answer.reason.cause)),
    );
    if (isOver || !isPassing) return answers;
    await sleep(FIRST_PAUSE * 2 ** pass);
  }
}

async function askChainId({ request, shown }: Endpoint): Promise<number> {
  const ask = () => request({ method: 'eth_chainId', params: [] }, FIRST_TIMEOUT);
  try {
    const answer = await ask();
    const id = Number(answer);
    if (typeof answer === 'string' && Number.isSafeInteger(id) && id > 0) return id;
    throw new Error(`eth_chainId was answered with ${JSON.stringify(answer)}`);
  } catch (cause) {
    throw new KeeperError(`--rpc ${shown} does not answer: ${oneLine(cause)}`, { cause });
  }
}

function noAnswer(endpoints: readonly string[], answers: readonly PromiseSettledResult<number>[]): KeeperError {
  const [first] = answers;
  const cause = first?.status === 'rejected' ? first.reason : undefined;
  if (endpoints.length === 1) {
    return new KeeperError(`${oneLine(cause)}; start the node or pass another --rpc`, { cause });
  }
  const shown = endpoints.map(describeUrl).join(', ');
  return new KeeperError(`none of --rpc ${shown} answers; start a node or pass another --rpc`, { cause });
}

function define(id: number, hasMulticall3: boolean): ChainDefinition {
  const preset = chainPreset(id);
  const symbol = preset?.nativeSymbol ?? 'ETH';
  return defineChain({
    id,
    name: preset?.name ?? `chain ${id}`,
    nativeCurrency: { name: symbol, symbol, decimals: 18 },
    rpcUrls: { default: { http: [] } },
    ...(hasMulticall3 ? { contracts: { multicall3: { address: MULTICALL3 } } } : {}),
  });
}
