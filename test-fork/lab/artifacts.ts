import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Abi, type Address, type Hex, toHex } from 'viem';
import { root, rootRequire } from './paths.ts';

type LinkReferences = Record<string, Record<string, { start: number; length: number }[]>>;

/** A compiled contract: its ABI, creation code, and where library addresses go in that code (byte offsets). */
export type Artifact = { abi: Abi; bytecode: Hex; linkReferences: LinkReferences };

/**
 * Compiles the lab's contracts with the foundry profile `lab` into `out-lab/`; quick when nothing changed.
 * @throws when forge fails, with its output.
 */
export async function compileContracts(): Promise<void> {
  const local = join(root, 'node_modules/.bin/forge');
  const forge = existsSync(local) ? local : 'forge';
  try {
    // foundry.toml names its solc relative to the current directory.
    await promisify(execFile)(forge, ['build'], { cwd: root, env: { ...process.env, FOUNDRY_PROFILE: 'lab' } });
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`FOUNDRY_PROFILE=lab forge build failed: ${`${stdout}${stderr}`.trim() || message}`);
  }
}

/** Reads a contract that {@link compileContracts} built; its file must carry the contract's name. */
export function foundryArtifact(name: string): Artifact {
  const { abi, bytecode } = readJson(join(root, 'out-lab', `${name}.sol`, `${name}.json`));
  return { abi, bytecode: bytecode.object, linkReferences: bytecode.linkReferences };
}

/** Reads a hardhat artifact out of an npm package, e.g. `@uniswap/v3-core/artifacts/…/UniswapV3Factory.json`. */
export function npmArtifact(specifier: string): Artifact {
  const { abi, bytecode, linkReferences } = readJson(rootRequire.resolve(specifier));
  return { abi, bytecode, linkReferences };
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
