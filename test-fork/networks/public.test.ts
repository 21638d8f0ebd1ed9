import { describe } from 'vitest';
import { CHAINS } from '../../keeper/src/config/chains.ts';
import { forkTarget } from '../lab/env.ts';
import { networkSuite } from './suite.ts';

/** Where Aave v3 and a preset of Uniswap v3 are. */
const networks = CHAINS.filter(({ uniswapV3 }) => uniswapV3);

for (const { id, name } of networks) {
  const variable = `FORK_URL_${id}`;
  const target = forkTarget(id);
  // Without an endpoint nothing is known of the network: skipped, never passed.
  describe.skipIf(!target)(target ? name : `${name}: set ${variable} to an RPC endpoint to run this`, () => {
    networkSuite(() => ({ chainId: id, url: target!.url, blocks: 2_000n }));
  });
}
