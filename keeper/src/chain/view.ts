import {
  type Abi,
  type AbiFunction,
  type Address,
  type BaseError,
  decodeFunctionResult,
  encodeAbiParameters,
  getAbiItem,
  getContractError,
  type Hash,
  type Hex,
  type PublicClient,
  RawContractError,
  toFunctionSelector,
} from 'viem';
import { decodeAggregate, encodeAggregate, type RawAnswer, type RawCall } from './aggregate.ts';

/** One view call, of a function that is not overloaded in its ABI. */
export type Call = { address: Address; abi: Abi; functionName: string; args?: readonly unknown[] };
export type Answer = { status: 'success'; result: unknown } | { status: 'failure'; error: Error };
/** Read by hash; or behind all that a node has waiting, where it shows that. */
export type Block = { hash: Hash } | { tag: 'pending' };

/** Calldata per `eth_call` (bytes): a thousand reads of a storage slot or two, under the 20 million gas every public node allows. */
const BATCH = 36_000;
/**
 * The same where Multicall3's own code has to go along: the answers then come back as if they were a contract's code, so no
 * more than 24,576 bytes of them (EIP-170). 28 reserves of Aave fit.
 */
const DEPLOYLESS_BATCH = 1_024;

/**
 * Makes all calls at one block, in as few `eth_call`s as fit.
 *
 * @param block - the latest when left out
 * @throws when the node fails; a call that reverts is an answer
 */
export async function readTogether(client: PublicClient, calls: readonly Call[], block?: Block): Promise<Answer[]> {
  if (calls.length === 0) return [];
  if (!multicall3Of(client)) return readDeployless(client, calls, block);
  const raw = calls.map(({ address, abi, functionName, args = [] }): RawCall => {
    const { selector, inputs } = shapeOf(abi, functionName);
    const data = args.length === 0 ? selector : (`${selector}${encodeAbiParameters(inputs, args).slice(2)}` as Hex);
    return { to: address, data };
  });
  const answers = await readRaw(client, raw, block);
  return answers.map((answer, index) => answerOf(calls[index]!, answer));
}

/** The result of a call that cannot fail unless the node does. */
export function must<T>(answer: Answer | undefined): T {
  if (answer?.status === 'success') return answer.result as T;
  throw answer?.error ?? new Error('a multicall gave fewer answers than it was asked');
}

/** The result of a call that may fail, or `fallback`. */
export const orElse = <T>(answer: Answer | undefined, fallback: T): T =>
  answer?.status === 'success' ? (answer.result as T) : fallback;

/** A call of a function that takes one address and gives one word. */
export type WordCall = Call & { args: readonly [Address] };

const WORD_DIGITS = 64;

/**
 * Makes all calls at one block, without what reading any function's answer takes: a first sync makes hundreds of thousands.
 * @throws when the node fails, or one of the calls does
 */
export async function readWords(client: PublicClient, calls: readonly WordCall[], block: Block): Promise<bigint[]> {
  if (calls.length === 0) return [];
  if (!multicall3Of(client)) {
    const answers = await readDeployless(client, calls, block);
    // What has 48 bits or less comes as a number.
    return answers.map((answer) => BigInt(must<bigint | number>(answer)));
  }
  const raw = calls.map(({ address, abi, functionName, args: [of] }): RawCall => {
    const { selector } = shapeOf(abi, functionName);
    return { to: address, data: `${selector}${of.slice(2).padStart(WORD_DIGITS, '0')}` };
  });
  const answers = await readRaw(client, raw, block);
  return answers.map(({ success, data }, index) => {
    if (success && data.length >= 2 + WORD_DIGITS) return BigInt(data.slice(0, 2 + WORD_DIGITS));
    const { functionName, address, args } = calls[index]!;
    throw new Error(`${functionName}(${args[0]}) of ${address} was answered with ${success ? data : `revert ${data}`}`);
  });
}

const multicall3Of = (client: PublicClient) => client.chain?.contracts?.multicall3 as { address: Address } | undefined;

const placeOf = (block: Block | undefined) =>
  block === undefined ? {} : 'hash' in block ? { blockHash: block.hash } : { blockTag: block.tag };

async function readRaw(client: PublicClient, calls: readonly RawCall[], block?: Block): Promise<RawAnswer[]> {
  const to = multicall3Of(client)!.address;
  const at = placeOf(block);
  const answers = await Promise.all(
    batchesOf(calls).map(async (batch) => {
      const { data = '0x' } = await client.call({ to, data: encodeAggregate(batch), ...at });
      return decodeAggregate(data);
    }),
  );
  return answers.flat();
}

function batchesOf(calls: readonly RawCall[]): RawCall[][] {
  const batches: RawCall[][] = [];
  let room = 0;
  for (const call of calls) {
    const size = (call.data.length - 2) / 2;
    if (size > room) {
      batches.push([]);
      room = BATCH;
    }
    batches.at(-1)!.push(call);
    room -= size;
  }
  return batches;
}

async function readDeployless(client: PublicClient, calls: readonly Call[], block?: Block): Promise<Answer[]> {
  const answers = (await client.multicall({
    contracts: calls,
    allowFailure: true,
    batchSize: DEPLOYLESS_BATCH,
    deployless: true,
    ...placeOf(block),
  })) as Answer[];
  // When the node itself fails, viem gives its one error as the answer to every call of a batch; a call's own is its alone.
  const errors = answers.flatMap((answer) => (answer.status === 'failure' ? [answer.error] : []));
  const shared = errors.find((error, index) => error === errors[index - 1]);
  if (shared) throw shared;
  return answers;
}

/** What a function takes and gives, looked up once: its selector is a hash of all of its signature. */
type Shape = { selector: Hex; inputs: AbiFunction['inputs']; abi: readonly [AbiFunction] };
const shapes = new WeakMap<Abi, Map<string, Shape>>();

function shapeOf(abi: Abi, name: string): Shape {
  const known = shapes.get(abi) ?? new Map<string, Shape>();
  shapes.set(abi, known);
  const found = known.get(name);
  if (found) return found;
  const item = getAbiItem({ abi, name }) as AbiFunction;
  const shape: Shape = { selector: toFunctionSelector(item), inputs: item.inputs, abi: [item] };
  known.set(name, shape);
  return shape;
}

function answerOf({ address, abi, functionName, args = [] }: Call, { success, data }: RawAnswer): Answer {
  try {
    if (!success) throw new RawContractError({ data });
    const result = decodeFunctionResult({ abi: shapeOf(abi, functionName).abi, functionName, data });
    return { status: 'success', result };
  } catch (error) {
    const docsPath = '/docs/contract/multicall';
    return {
      status: 'failure',
      error: getContractError(error as BaseError, { abi, address, args, functionName, docsPath }),
    };
  }
}
