import { type PublicClient, parseAbi, zeroAddress } from 'viem';
import { chainPreset, type L1Source, OP_STACK, SCROLL, showChain } from '../config/chains.ts';
import type { Logger } from '../log/log.ts';
import { faultOf } from './errors.ts';
import { NODE_INTERFACE, nodeInterfaceAbi, oracleAbi } from './l1-fee.ts';
import { isSilent, whyNoAnswer } from './no-answer.ts';

// Sources. OP stack, with the operator fee of Isthmus and Jovian: specs.optimism.io (exec-engine, predeploys). Mantle: op-geth of
// mantlenetworkio, core/types/rollup_cost.go and core/state_transition.go: before Arsia the fee is taken as gas and gas is counted in the
// ratio of its coin to ether, since then the fee is apart and times that ratio. zkSync: ISystemContext of era-contracts.
const mantleAbi = parseAbi(['function isArsia() view returns (bool)']);
const systemContextAbi = parseAbi(['function gasPerPubdataByte() view returns (uint256)']);
const SYSTEM_CONTEXT = '0x000000000000000000000000000000000000800B';
const ANY_DATA = '0x504c494d534f4c4c';

/**
 * Where the chain tells what publishing calldata costs, found out by asking the contracts that rollups have for it. What is
 * there and does not answer, or ought to be there, is told once: nothing can be planned until it answers. So is a chain of which nothing
 * is known, where gas alone is counted.
 *
 * @returns `undefined` where it costs nothing but gas
 * @throws when the node fails
 * @example
 * const l1Source = await findL1Source(chain.client, 8453, log); // { oracle: '0x4200…000F', signed: false }
 */
export async function findL1Source(
  client: PublicClient,
  chainId: number,
  log: Pick<Logger, 'warn'>,
): Promise<L1Source | undefined> {
  const preset = chainPreset(chainId);
  const [op, scroll, arbitrum, zkSync] = await Promise.all([
    answers(ask(client, OP_STACK.oracle)),
    answers(ask(client, SCROLL.oracle)),
    answersOddly(
      client.readContract({
        address: NODE_INTERFACE,
        abi: nodeInterfaceAbi,
        functionName: 'gasEstimateL1Component',
        args: [zeroAddress, false, ANY_DATA],
      }),
    ),
    answersOddly(
      client.readContract({ address: SYSTEM_CONTEXT, abi: systemContextAbi, functionName: 'gasPerPubdataByte' }),
    ),
  ]);
  if (op === true) return sourceOfOracle(client);
  if (scroll === true) return SCROLL;
  if (arbitrum) return 'arbitrum';
  if (zkSync) return 'estimate';

  const shown = showChain(chainId);
  const mute = [
    { source: OP_STACK, why: op },
    { source: SCROLL, why: scroll },
  ].find(({ why }) => why !== false);
  const source = preset?.l1Fee ?? mute?.source;
  if (source) {
    const why = mute ? `getL1Fee of ${mute.source.oracle} ${mute.why}` : 'no contract there answers';
    log.warn(`what chain ${shown} charges for calldata is not known: ${why}; nothing is sent until it is told`);
  } else if (!preset) {
    log.warn(`chain ${shown} has no contract that tells what calldata costs, none that is known: only gas is counted`);
  }
  return source;
}

/** Mantle's has another coin's rate beside it. */
async function sourceOfOracle(client: PublicClient): Promise<L1Source> {
  const address = OP_STACK.oracle;
  const inRatio = await answers(client.readContract({ address, abi: oracleAbi, functionName: 'tokenRatio' }));
  if (inRatio !== true) return OP_STACK;
  const isArsia = await client
    .readContract({ address, abi: mantleAbi, functionName: 'isArsia' })
    .catch((error: unknown) => {
      if (!whyNoAnswer(error)) throw error;
      return false;
    });
  return isArsia ? { ...OP_STACK, inRatio: true } : 'estimate';
}

const ask = (client: PublicClient, address: `0x${string}`) =>
  client.readContract({ address, abi: oracleAbi, functionName: 'getL1Fee', args: [ANY_DATA] });

/** Whether a contract answers: true; false where none is there; why not, where one is. @throws when the node fails */
async function answers(asked: Promise<unknown>): Promise<boolean | string> {
  try {
    await asked;
    return true;
  } catch (error) {
    const why = whyNoAnswer(error);
    if (!why) throw error;
    return isSilent(error) ? false : why;
  }
}

/**
 * The same of addresses that are special on the chains that have them and may be so elsewhere, in other ways: whatever a node says of
 * them, they do not answer.
 *
 * @throws when nothing was said
 */
async function answersOddly(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (!whyNoAnswer(error) && NOTHING_SAID.includes(faultOf(error))) throw error;
    return false;
  }
}

const NOTHING_SAID: readonly string[] = ['unreachable', 'broken', 'limited', 'denied'];
