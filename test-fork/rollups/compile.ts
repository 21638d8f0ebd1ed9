import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hex } from 'viem';
import { root, rootRequire } from '../lab/paths.ts';

const compiled = new Map<string, Hex>();

/**
 * The code that a contract has once it is deployed, compiled from its source; once in a process.
 *
 * @param file - path from the root of the repository; its name is the contract's
 * @param compiler - npm package of solc
 * @throws with the compiler's words
 */
export function deployedCode(file: string, compiler = 'solc'): Hex {
  const known = compiled.get(file);
  if (known) return known;
  const code = compile(file, compiler);
  compiled.set(file, code);
  return code;
}

function compile(file: string, compiler: string): Hex {
  const name = file.slice(file.lastIndexOf('/') + 1, -'.sol'.length);
  const solc = rootRequire(compiler);
  const input = {
    language: 'Solidity',
    sources: { [file]: { content: readFileSync(join(root, file), 'utf8') } },
    settings: { outputSelection: { '*': { '*': ['evm.deployedBytecode.object'] } }, evmVersion: 'cancun' },
  };
  const contents = (path: string) => ({ contents: readFileSync(join(root, path), 'utf8') });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: contents }));
  const failures = (output.errors ?? []).filter(({ severity }: { severity: string }) => severity === 'error');
  if (failures.length > 0) throw new Error(failures[0].formattedMessage);
  return `0x${output.contracts[file][name].evm.deployedBytecode.object}`;
}
