// The rooms of keeper/src, from the top of the house to its ground floor. This table is the only place that holds their order:
// `pnpm lint` reads it (tools/check-rooms.mjs), and a test keeps docs/architecture.md equal to it.

/**
 * Each room with what it holds, as paths under keeper/src: a folder ends with a slash. A file imports from its own room and from
 * the rooms after it.
 *
 * - `members`: what the folders of a room stand for, one a member. No member imports another, the files beside the folders stand
 *   under them, and `registry.ts` alone stands over them.
 * - `ids`: what the members are called in code, beside the names of their folders.
 * - `names`: rooms that may compare those ids too.
 */
export const ROOMS = [
  {
    name: 'keeper',
    holds: [
      'cli.ts',
      'keeper.ts',
      'open-markets.ts',
      'drill.ts',
      'once.ts',
      'watch.ts',
      'keep-status.ts',
      'preflight.ts',
    ],
  },
  { name: 'analyze', holds: ['analyze/'] },
  { name: 'roles', holds: ['roles/'] },
  { name: 'report', holds: ['report/'] },
  { name: 'execution', holds: ['execution/'] },
  { name: 'planning', holds: ['planning/'] },
  { name: 'triggers', holds: ['triggers/'] },
  { name: 'book', holds: ['book/'] },
  {
    name: 'venues',
    holds: ['venues/'],
    members: 'venue',
    ids: ['uniswapV3', 'uniswapV2'],
    names: ['contract'],
  },
  {
    name: 'protocols',
    holds: ['protocols/'],
    members: 'protocol',
    ids: ['aave-v3', 'compound-v2', 'compound-v3', 'dex223'],
    names: [],
  },
  { name: 'prices', holds: ['prices/'] },
  { name: 'chain', holds: ['chain/'] },
  { name: 'store', holds: ['store/'] },
  { name: 'config', holds: ['config/'] },
  { name: 'log', holds: ['log/'] },
  { name: 'contract', holds: ['contract/'] },
  { name: 'bindings.ts', holds: ['bindings.ts'] },
];

/** The file of a room with members that names them all. */
export const REGISTRY = 'registry.ts';
