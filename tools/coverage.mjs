// `pnpm coverage`: lines and branches of contracts/, tests and reference contracts excluded; fails below 98 % of either.
import './check-node.mjs';
import { spawnSync } from 'node:child_process';

const LEAST = 98;
const args = [
  'coverage',
  '--report',
  'summary',
  '--no-match-coverage',
  '(contracts/test|test-fork|node_modules|script|lib)/',
];
// The benches measure gas, which coverage changes; the invariants are long and reach nothing that the rest does not.
const { stdout, stderr, status } = spawnSync('forge', [...args, '--no-match-contract', 'Invariant|Gas'], {
  env: { ...process.env, FOUNDRY_PROFILE: 'no-ir', FOUNDRY_OUT: 'out-coverage', FOUNDRY_CACHE_PATH: 'cache-coverage' },
  encoding: 'utf8',
  maxBuffer: 1 << 28,
});
const table = stdout.slice(stdout.indexOf('╭---'));
const total = /\| Total +\| +([\d.]+)%[^|]*\| +[\d.]+%[^|]*\| +([\d.]+)%/.exec(stdout);
if (status !== 0 || !total) {
  console.error(`coverage: forge failed\n${stdout.slice(-4_000)}${stderr.slice(-2_000)}`);
  process.exit(1);
}
console.log(table);
const [lines, branches] = [Number(total[1]), Number(total[2])];
const enough = lines >= LEAST && branches >= LEAST;
console.log(
  `coverage: ${lines} % of lines, ${branches} % of branches; at least ${LEAST} % of each is ${enough ? 'met' : 'missed'}`,
);
process.exitCode = enough ? 0 : 1;
