import { describe, inject } from 'vitest';
import { testClient } from '../lab/chain.ts';
import { type LabDirectory, readDirectory } from '../lab/directory.ts';
import { LAB_CHAIN_ID } from '../lab/populate.ts';
import { networkSuite } from './suite.ts';

const directory: LabDirectory = await readDirectory(testClient(inject('labUrl')), 'all');

// What the public networks get, so that it is known to work where none is given.
describe('the lab as a network', () => {
  networkSuite(() => ({
    chainId: LAB_CHAIN_ID,
    url: inject('labUrl'),
    market: directory.aave.pool,
    blocks: 1_000n,
    flags: [
      ...['--wrapped-native', directory.tokens.WETH.address],
      ...['--uniswap-v3-factory', directory.uniswapV3.factory],
    ],
  }));
});
