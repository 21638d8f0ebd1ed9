import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Abi, type Address, type Hex, toHex } from 'viem';
import type { Scope } from './directory.ts';
import { root, rootRequire } from './paths.ts';

type LinkReferences = Record<string, Record<string, { start: number; length: number }[]>>;

/** A compiled contract: its ABI, creation code, and where library addresses go in that code (byte offsets). */
export type Artifact = { abi: Abi; bytecode: Hex; linkReferences: LinkReferences };

/** The foundry profiles that the lab is compiled with, and which files of each; none named means all of the profile's. */
const PROFILES = {
  lab: [],
  morpho: ['node_modules/@morpho-org/morpho-blue/src/Morpho.sol'],
  balancer: ['Vault', 'VaultExtension', 'VaultAdmin', 'ProtocolFeeController'].map(
    (name) => `node_modules/@balancer-labs/v3-vault/contracts/${name}.sol`,
  ),
};

export type Profile = keyof typeof PROFILES;

/** The same for a lab of scope `core`; what the reference protocols are made of is not among it. */
const CORE = {
  lab: ['Imports', 'PriceFeed', 'Tether', 'Token', 'UsdCoin'].map((name) => `test-fork/lab/contracts/${name}.sol`),
};

/**
 * Compiles the contracts of a lab, all foundry profiles side by side, each into `out-<profile>/`; quick when nothing changed.
 * @throws when forge fails, with its output.
 */
export async function compileContracts(scope: Scope): Promise<void> {
  const local = join(root, 'node_modules/.bin/forge');
  const forge = existsSync(local) ? local : 'forge';
  const compile = async ([profile, files]: [string, string[]]) => {
    const env = { ...process.env, FOUNDRY_PROFILE: profile };
    try {
      // foundry.toml names its solc relative to the current directory.
      await promisify(execFile)(forge, ['build', ...files], { cwd: root, env });
    } catch (error) {
      const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
      throw new Error(`FOUNDRY_PROFILE=${profile} forge build failed: ${`${stdout}${stderr}`.trim() || message}`);
    }
  };
  await Promise.all(Object.entries(scope === 'core' ? CORE : PROFILES).map(compile));
}

/** Reads a contract that {@link compileContracts} built; its file must carry the contract's name. */
export function foundryArtifact(name: string, profile: Profile = 'lab'): Artifact {
  return readArtifact(join(root, `out-${profile}`, `${name}.sol`, `${name}.json`));
}

/** Reads an artifact of hardhat, foundry or waffle out of an npm package, e.g. `@uniswap/v2-core/build/UniswapV2Pair.json`. */
export function npmArtifact(specifier: string): Artifact {
  return readArtifact(rootRequire.resolve(specifier));
}

function readArtifact(file: string): Artifact {
  const { abi, bytecode, linkReferences } = readJson(file);
  if (typeof bytecode === 'object') return { abi, bytecode: bytecode.object, linkReferences: bytecode.linkReferences };
  // Waffle leaves out the prefix, and links nothing in what is read here.
  return {
    abi,
    bytecode: bytecode.startsWith('0x') ? bytecode : `0x${bytecode}`,
    linkReferences: linkReferences ?? {},
  };
}

/**
 * Creation code with every library placeholder replaced.
 * @param libraries addresses by library name.
 * @throws when a library the code needs is not among them.
 */
export function linked({ bytecode, linkReferences }: Artifact, libraries: Record<string, Address>): Hex {
  let code = bytecode;
  for (const [name, places] of Object.values(linkReferences).flatMap((file) => Object.entries(file))) {
    const address = libraries[name];
    if (!address) throw new Error(`library ${name} is not deployed yet; deploy it before the contract that links it`);
    for (const { start, length } of places)
      code = `${code.slice(0, 2 + start * 2)}${address.slice(2)}${code.slice(2 + (start + length) * 2)}` as Hex;
  }
  return code;
}

/** Creation code of Multicall3 as viem carries it; the package does not export it, so its file is loaded by path. */
export function multicall3Bytecode(): Hex {
  const require = createRequire(import.meta.url);
  const file = join(dirname(require.resolve('viem')), 'constants/contracts.js');
  const code = require(file).multicall3Bytecode;
  if (!code) throw new Error(`no multicall3Bytecode in ${file}; viem has moved it`);
  return code;
}

function readJson(file: string) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The lab's directory, as code that does nothing when called: STOP, then the UTF-8 text. */
export function textAsCode(text: string): Hex {
  return `0x00${toHex(new TextEncoder().encode(text)).slice(2)}`;
}
