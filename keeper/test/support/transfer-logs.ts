import { parseAbiItem, toEventSelector } from 'viem';
import { type Chain, connect } from '../../src/chain/client.ts';
import { type Answer, block, type ChainNode } from './chain-node.ts';
import { readableLog } from './log-lines.ts';

export const TRANSFER = parseAbiItem('event Transfer(address indexed from, address indexed to, uint256 value)');
export const TOPIC = toEventSelector(TRANSFER);
export const ADDRESS = '0x00000000000000000000000000000000000000a1';

/** A log of the event as JSON-RPC gives it. */
export const logAt = (number: number, index = 0) => ({
  address: ADDRESS,
  topics: [TOPIC],
  data: '0x',
  blockNumber: `0x${number.toString(16)}`,
  blockHash: block(number).hash,
  transactionHash: `0x${'11'.repeat(32)}`,
  logIndex: `0x${index.toString(16)}`,
});

export const error = (message: string, code = -32_005): Answer => ({ error: { code, message } });

/** Connects to the nodes; `after` gets what ends it. */
export async function openChain(nodes: readonly ChainNode[], after: (() => unknown)[]): Promise<Chain> {
  const { log } = await readableLog();
  const chain = await connect({ rpc: nodes.map(({ url }) => url), chain: undefined }, log);
  after.push(() => chain.endpoints.close());
  return chain;
}
