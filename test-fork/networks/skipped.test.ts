import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { withBinaries } from '../harness/deploy.ts';
import { root } from '../lab/paths.ts';

type Report = {
  numPassedTests: number;
  numFailedTests: number;
  numTotalTests: number;
  testResults: { assertionResults: { status: string; fullName: string }[] }[];
};

test('without its variable a network is reported as skipped, by the name of the variable, and never as passed', async () => {
  // The lab is named, so that the inner run starts none.
  const kept = Object.entries(process.env).filter(([name]) => !/^(VITEST|FORK_URL_|TEST$)/.test(name));
  const env = withBinaries({ ...Object.fromEntries(kept), FORK_URL_31337: inject('labUrl') });
  for (const name of Object.keys(env)) if (/^VITEST|^FORK_URL_(?!31337$)/.test(name)) delete env[name];
  const flags = ['run', '--project', 'fork', 'test-fork/networks/public.test.ts', '--reporter', 'json'];
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-report-'));
  const file = join(folder, 'report.json');
  const child = spawn('vitest', [...flags, '--outputFile', file], { cwd: root, env, stdio: 'ignore' });
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  const report = JSON.parse(await readFile(file, 'utf8')) as Report;
  await rm(folder, { recursive: true });
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  expect(tests.length).toBeGreaterThanOrEqual(8 * 3);
  expect(new Set(tests.map(({ status }) => status))).toEqual(new Set(['skipped']));
  expect(report).toMatchObject({ numPassedTests: 0, numFailedTests: 0 });
  for (const variable of ['FORK_URL_1 ', 'FORK_URL_8453 ', 'FORK_URL_42161 ']) {
    expect(tests.filter(({ fullName }) => fullName.includes(variable))).toHaveLength(3);
  }
});
