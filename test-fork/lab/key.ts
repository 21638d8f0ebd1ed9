import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, rootRequire } from './paths.ts';

/** Files of this folder that only read or serve a built lab; all others shape what is built. */
const READERS = new Set(['anvil.ts', 'chain.ts', 'cli.ts', 'env.ts', 'lab.test.ts', 'lock.ts', 'node.ts']);

const PACKAGES = [
  '@aave-dao/aave-v3-origin',
  '@bgd-labs/solidity-utils',
  '@openzeppelin/contracts',
  '@openzeppelin/contracts-upgradeable',
  '@uniswap/v3-core',
  '@uniswap/v3-periphery',
  'solc',
];

/** The name of the cached lab of a seed: a hash of everything it is made from. */
export function labKey(seed: number): string {
  const folder = import.meta.dirname;
  const hash = createHash('sha256').update(`seed ${seed}\n`);
  const sources = readdirSync(folder).filter((name) => name.endsWith('.ts') && !READERS.has(name));
  const contracts = readdirSync(join(folder, 'contracts')).map((name) => join('contracts', name));
  for (const name of [...sources, ...contracts].sort())
    hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  for (const name of PACKAGES) hash.update(`${name} ${packageVersion(name)}\n`);
  hash.update(compilerSettings());
  return `${seed}-${hash.digest('hex').slice(0, 16)}`;
}

function packageVersion(name: string): string {
  return rootRequire(`${name}/package.json`).version;
}

/** What foundry.toml says of compiling the lab: the profile `lab` and the default one it inherits from. */
function compilerSettings(): string {
  const sections = readFileSync(join(root, 'foundry.toml'), 'utf8').split(/^(?=\[)/m);
  return sections.filter((section) => /^\[profile\.(default|lab)\]/.test(section)).join('');
}
