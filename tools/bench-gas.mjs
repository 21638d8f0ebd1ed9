// `pnpm bench:gas [--json]`: what the Liquidator costs against a bare executor that does the same, from the forge bench
// (contracts/test/bench). Gas of whole transactions, intrinsic gas and refunds included.
import './check-node.mjs';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { breakdown } from './gas-breakdown.mjs';

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });

// The bare executors are optimized as what ships is; `pnpm test:sol` compiles no test with the optimizer.
Object.assign(process.env, {
  FOUNDRY_OPTIMIZER: 'true',
  FOUNDRY_OPTIMIZER_RUNS: '200',
  FOUNDRY_OUT: 'out-bench',
  FOUNDRY_CACHE_PATH: 'cache-bench',
});

try {
  execFileSync('forge', ['test', '--match-path', 'contracts/test/bench/*'], { stdio: 'pipe' });
} catch (error) {
  console.error(`bench: ${error.stdout ?? error.message}`);
  process.exit(1);
}
const measured = JSON.parse(readFileSync('snapshots/bench.json', 'utf8'));
const value = (name) => {
  if (measured[name] === undefined) throw new Error(`bench: contracts/test/bench measured no ${name}`);
  return Number(measured[name]);
};

/** Rows of one way to fund a liquidation. */
const rowsOf = (name, targets = {}) => [
  { name: `${name}.total`, value: value(`${name}.total`), unit: 'gas', target: targets.total },
  { name: `${name}.floor`, value: value(`${name}.floor`), unit: 'gas' },
  {
    name: `${name}.overhead`,
    value: value(`${name}.total`) - value(`${name}.floor`),
    unit: 'gas',
    target: targets.overhead,
  },
  { name: `${name}.calldata-bytes`, value: value(`${name}.calldata-bytes`), unit: 'bytes' },
];
const extra = (kind) => value(`gas.aave-v3.flash-swap-2.${kind}`) - value(`gas.aave-v3.flash-swap.${kind}`);

const rows = [
  ...rowsOf('gas.aave-v3.flash-swap', { total: 394_600, overhead: 20_000 }),
  ...rowsOf('gas.aave-v3.flash-loan', { overhead: 22_000 }),
  { name: 'gas.aave-v3.extra-leg', value: extra('total'), unit: 'gas', target: 128_000 },
  { name: 'gas.aave-v3.extra-leg.overhead', value: extra('total') - extra('floor'), unit: 'gas', target: 9_000 },
  ...['balancer-v2', 'balancer-v3', 'morpho', 'uniswap-v3-flash', 'uniswap-v4'].flatMap((lender) =>
    rowsOf(`gas.aave-v3.${lender}`),
  ),
  ...rowsOf('gas.compound-v2.flash-swap'),
  ...rowsOf('gas.compound-v3.flash-swap'),
  ...rowsOf('gas.dex223.none.freeze', { overhead: 20_000 }),
  ...rowsOf('gas.dex223.none.confirm', { overhead: 20_000 }),
];

/** How the second table is read: what any transaction pays, what is ours, what we ask of others. */
const ORDER = [
  ...['intrinsic', 'calldata'],
  ...['code', 'storage', 'transient storage', 'calling out', 'events'],
  ...['token reads', 'approvals', 'payments', 'liquidation', 'funding and sales', 'refund'],
];
const gas = (amount) => amount.toLocaleString('en');

if (values.json) {
  for (const { name, value, unit, target = null } of rows) console.log(JSON.stringify({ name, value, unit, target }));
} else {
  const shown = rows.map(({ name, value, unit, target }) => ({
    name,
    value: `${value.toLocaleString('en')} ${unit}`,
    target: target === undefined ? '' : `≤ ${target.toLocaleString('en')}`,
    met: target === undefined ? '' : value <= target ? 'yes' : `no, by ${(value - target).toLocaleString('en')}`,
  }));
  console.table(shown);

  const [swap, loan] = [
    await breakdown('test_flashSwap', value('gas.aave-v3.flash-swap.total')),
    await breakdown('test_flashLoan', value('gas.aave-v3.flash-loan.total')),
  ].map((measured) => Object.fromEntries(measured));
  console.log('Where it goes, with one leg; what the Liquidator itself does stands from code to events:');
  console.table(
    Object.fromEntries(ORDER.map((row) => [row, { 'flash swap': gas(swap[row]), 'flash loan': gas(loan[row]) }])),
  );
}
