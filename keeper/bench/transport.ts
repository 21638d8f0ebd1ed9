import { encodeFunctionData, parseAbi } from 'viem';
import type { CoreDirectory } from '../../test-fork/lab/directory.ts';
import { encodeAggregate } from '../src/chain/aggregate.ts';
import { openEndpoint } from '../src/chain/endpoint.ts';
import { median } from './row.ts';

const MULTICALL3 = '0xcA11bde05977b3631167028862bE2a173976CA11';
const abi = parseAbi(['function balanceOf(address) view returns (uint256)']);
/** Reads a request: about what a head's multicalls hold. */
const READS = 100;
const [ROUNDS, WARM] = [200, 50];

/**
 * What the keeper's own connection takes to ask for two multicalls and three small things at once, as at a head, at each of
 * the urls; median, milliseconds; they take turns. Over TCP anvil lets answers that come close together wait for one another.
 */
export async function roundTrips(
  urls: Readonly<Record<string, string>>,
  { tokens, aave }: CoreDirectory,
): Promise<Record<string, number>> {
  const read = encodeFunctionData({ abi, functionName: 'balanceOf', args: [aave.pool] });
  const data = encodeAggregate(Array.from({ length: READS }, () => ({ to: tokens.WETH.address, data: read })));
  const call = { method: 'eth_call', params: [{ to: MULTICALL3, data }, 'latest'] };
  const small = ['eth_blockNumber', 'eth_maxPriorityFeePerGas', 'eth_chainId'].map((method) => ({ method }));
  const bodies = [call, ...small, call];
  const endpoints = Object.entries(urls).map(([kind, url]) => {
    return { kind, endpoint: openEndpoint(url), took: [] as number[] };
  });
  for (let round = 0; round < ROUNDS + WARM; round++) {
    for (const { endpoint, took } of endpoints) {
      const from = performance.now();
      await Promise.all(bodies.map((body) => endpoint.request(body)));
      if (round >= WARM) took.push(performance.now() - from);
    }
  }
  for (const { endpoint } of endpoints) endpoint.close();
  return Object.fromEntries(endpoints.map(({ kind, took }) => [kind, median(took)]));
}
