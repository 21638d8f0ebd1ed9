import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from './directory.ts';
import { root, rootRequire } from './paths.ts';

/** Files of this folder that only read or serve a built lab; all others shape what is built. */
const READERS = new Set(['actor.ts', 'anvil.ts', 'chain.ts', 'cli.ts', 'env.ts', 'lock.ts', 'node.ts']);

const PACKAGES = [
  '@aave-dao/aave-v3-origin',
  '@aave/core-v3',
  '@balancer-labs/v2-deployments',
  '@balancer-labs/v3-interfaces',
  '@balancer-labs/v3-solidity-utils',
  '@balancer-labs/v3-vault',
  '@bgd-labs/solidity-utils',
  '@morpho-org/morpho-blue',
  '@openzeppelin/contracts',
  '@openzeppelin/contracts-upgradeable',
  '@pancakeswap-libs/pancake-swap-core',
  '@uniswap/v2-core',
  '@uniswap/v2-periphery',
  '@uniswap/v3-core',
  '@uniswap/v3-periphery',
  '@uniswap/v4-core',
  '@venusprotocol/venus-protocol',
  'solc',
  'solc-0.8.19',
  'venus-0.4.1',
];

/** The name of the cached lab of a seed and a scope: both, and a hash of everything labs are made from. */
export function labKey(seed: number, scope: Scope): string {
  const folder = import.meta.dirname;
  const hash = createHash('sha256').update(`seed ${seed}\n`);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|sol)$/.test(name) && !name.endsWith('.test.ts') && !READERS.has(name))
    .sort();
  for (const name of sources) hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  for (const name of PACKAGES) hash.update(`${name} ${packageVersion(name)}\n`);
  hash.update(compilerSettings());
  return `${seed}-${scope}-${hash.digest('hex').slice(0, 16)}`;
}

function packageVersion(name: string): string {
  return rootRequire(`${name}/package.json`).version;
}

/** What foundry.toml says of compiling the lab: its profiles and the default one they inherit from. */
function compilerSettings(): string {
  const sections = readFileSync(join(root, 'foundry.toml'), 'utf8').split(/^(?=\[)/m);
  return sections.filter((section) => /^\[profile\.(default|lab|morpho|balancer)\]/.test(section)).join('');
}
