import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHAIN_KEYS } from '../src/config/chains.ts';
import { keeper } from './store-status-rig.ts';
import { runCli, temporaryFolder } from './support/cli.ts';

describe('keeper status refuses in one line', () => {
  const several = () => {
    const home = temporaryFolder();
    for (const id of [1, 8453]) keeper(join(home, 'plimsoll', `${id}.sqlite`)).close();
    return home;
  };
  const empty = () => {
    const home = temporaryFolder();
    mkdirSync(join(home, 'plimsoll'));
    return home;
  };
  const remedy = 'start the keeper first, or pass --chain or --store';

  test.concurrent.each<
    [what: string, code: number, args: string[], home: () => string, line: (home: string) => string]
  >([
    ['no store', 1, [], empty, (home) => `there is no store in ${home}/plimsoll: ${remedy}`],
    ['no folder', 1, [], temporaryFolder, (home) => `there is no store in ${home}/plimsoll: ${remedy}`],
    [
      'no store of the chain',
      1,
      ['--chain', 'base'],
      empty,
      (h) => `there is no store at ${h}/plimsoll/8453.sqlite: ${remedy}`,
    ],
    [
      'several stores',
      1,
      [],
      several,
      (home) => `there are several stores in ${home}/plimsoll (1.sqlite, 8453.sqlite): pass --chain or --store`,
    ],
    [
      'a store of another chain',
      2,
      ['--chain', 'base'],
      several,
      (home) =>
        `--store ${home}/plimsoll/8453.sqlite belongs to chain 1 (Ethereum), not to 8453 (Base): pass another --store`,
    ],
    [
      'one that keeps nothing',
      1,
      ['--store', 'memory'],
      empty,
      () => '--store memory keeps nothing to show: pass the file of a keeper',
    ],
    [
      'an unknown chain',
      2,
      ['--chain', 'bace'],
      empty,
      () => `--chain bace: unknown chain (did you mean base?); expected a chain id or one of ${CHAIN_KEYS.join(', ')}`,
    ],
    [
      'an unknown flag',
      2,
      ['--jsn'],
      empty,
      () => "unknown option '--jsn' (Did you mean --json?); plimsoll --help lists the flags",
    ],
  ])('%s', async (_, code, args, home, line) => {
    const folder = home();
    const run = await runCli(['status', ...args], { env: { XDG_STATE_HOME: folder } });
    expect(run).toEqual({ code, stdout: '', stderr: `plimsoll: ${line(folder)}\n` });
  });
});
