import {
  type Address,
  type Chain as ChainDefinition,
  createPublicClient,
  defineChain,
  fallback,
  http,
  type PublicClient,
  type Transport,
  webSocket,
} from 'viem';
import { chainPreset, showChain } from '../config/chains.ts';
import { KeeperError, usageError } from '../config/error.ts';
import type { Settings } from '../config/schema.ts';
import { isIpcPath } from '../config/values.ts';
import { describeUrl, type Logger } from '../telemetry/log.ts';
import { oneLine } from '../telemetry/one-line.ts';

/** One request to a slow endpoint, milliseconds. */
const TIMEOUT = 10_000;
/** The first look at an endpoint: it answers within this many milliseconds or is not used. */
const FIRST_TIMEOUT = 8_000;
/** The same address on every chain that has it (https://www.multicall3.com). */
const MULTICALL3: Address = '0xcA11bde05977b3631167028862bE2a173976CA11';

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
}

/**
 * Connects to the endpoints in their order and makes sure that they all serve the same chain, the one `--chain` names if it
 * does. An endpoint that does not answer is left out with a warning, as nothing is known of the chain behind it.
 *
 * @throws KeeperError when none answers, or one serves another chain
 */
export async function connect(settings: Pick<Settings, 'rpc' | 'chain'>, log: Logger): Promise<Chain> {
  const transports = await Promise.all(settings.rpc.map(openTransport));
  const answers = await Promise.allSettled(
    transports.map((transport, index) => askChainId(transport, settings.rpc[index]!)),
  );

  const usable: Transport[] = [];
  let id = settings.chain;
  let saidBy = id === undefined ? '' : `--chain says ${showChain(id)}`;
  for (const [index, answer] of answers.entries()) {
    const endpoint = describeUrl(settings.rpc[index]!);
    if (answer.status === 'rejected') {
      if (answers.length > 1) log.warn({ endpoint, err: answer.reason }, 'endpoint does not answer and is left out');
      continue;
    }
    if (id === undefined) saidBy = `${describeUrl(settings.rpc[index]!)} for ${showChain(answer.value)}`;
    id ??= answer.value;
    if (answer.value !== id) {
      throw usageError(`--rpc ${endpoint} answers for chain ${showChain(answer.value)}, but ${saidBy}; change one`);
    }
    usable.push(transports[index]!);
  }
  if (id === undefined || usable.length === 0) throw noAnswer(settings.rpc, answers);

  const transport = usable.length === 1 ? usable[0]! : fallback(usable);
  const bare = define(id, false);
  const probe = createPublicClient({ chain: bare, transport });
  const hasMulticall3 = (await probe.getCode({ address: MULTICALL3 })) !== undefined;
  const definition = define(id, hasMulticall3);
  const client = createPublicClient({ chain: definition, transport });
  const nativeSymbol = definition.nativeCurrency.symbol;
  return { id, shown: showChain(id), nativeSymbol, client, transport, definition, hasMulticall3 };
}

async function openTransport(endpoint: string): Promise<Transport> {
  if (isIpcPath(endpoint)) {
    const { ipc } = await import('viem/node');
    return ipc(endpoint, { timeout: TIMEOUT });
  }
  if (/^ws/i.test(endpoint))
    return webSocket(endpoint, { timeout: TIMEOUT, keepAlive: true, reconnect: { attempts: 1_000 } });
  return http(endpoint, { timeout: TIMEOUT, batch: { batchSize: 100 } });
}

async function askChainId(transport: Transport, endpoint: string): Promise<number> {
  const { request } = transport({ retryCount: 0, timeout: FIRST_TIMEOUT });
  let timer: NodeJS.Timeout | undefined;
  // A socket that never opens is not covered by the timeout of the request.
  const tooLate = new Promise<never>((_, reject) => {
    const late = () => reject(new Error(`no answer within ${FIRST_TIMEOUT / 1_000} s`));
    timer = setTimeout(late, FIRST_TIMEOUT);
  });
  try {
    const answer = await Promise.race([request({ method: 'eth_chainId' }, { retryCount: 1 }), tooLate]);
    const id = Number(answer);
    if (typeof answer === 'string' && Number.isSafeInteger(id) && id > 0) return id;
    throw new Error(`eth_chainId was answered with ${JSON.stringify(answer)}`);
  } catch (cause) {
    // viem has no word for a socket that does not open.
    const unopened = /^ws/i.test(endpoint) && (cause as { code?: unknown }).code === -1;
    const why = unopened ? 'the WebSocket cannot be opened' : oneLine(cause);
    throw new KeeperError(`--rpc ${describeUrl(endpoint)} does not answer: ${why}`, { cause });
  } finally {
    clearTimeout(timer);
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
