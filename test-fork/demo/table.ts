import Table from 'cli-table3';
import { formatUnits } from 'viem';
import type { CoreDirectory } from '../lab/directory.ts';
import type { AssetSymbol } from '../lab/tokens.ts';
import type { Row } from './check.ts';

/** An amount of a lab token for people: whole from a thousand on, else at most four decimals; rounded down. */
function show(directory: CoreDirectory, symbol: string, units: bigint): string {
  const { decimals } = directory.tokens[symbol as AssetSymbol];
  const [whole = '0', fraction = ''] = formatUnits(units, decimals).split('.');
  const shown = whole.length > 3 ? '' : fraction.slice(0, whole === '0' ? 4 : 2).replace(/0+$/, '');
  return `${BigInt(whole).toLocaleString('en')}${shown ? `.${shown}` : ''} ${symbol}`;
}

/** A flash swap leaves collateral, and as dust the minute of interest that was borrowed ahead; a loan leaves debt token. */
function mainProfit({ collateral, debt, profit }: Row): [symbol: string, units: bigint] {
  const units = profit[collateral] ?? 0n;
  return units > 0n ? [collateral, units] : [debt, profit[debt] ?? 0n];
}

/** What was liquidated, a row each, and the totals; no line is longer than the 80 columns of a terminal. */
export function tableOf(directory: CoreDirectory, rows: readonly Row[], totals: Record<string, bigint>): string {
  const table = new Table({
    head: ['account', 'repaid', 'seized', 'profit', 'gas'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  });
  for (const row of rows) {
    table.push([
      `${row.account.slice(0, 6)}…${row.account.slice(-4)}`,
      show(directory, row.debt, row.repaid),
      show(directory, row.collateral, row.seized),
      show(directory, ...mainProfit(row)),
      row.gas.toLocaleString('en'),
    ]);
  }
  const gas = rows.reduce((sum, row) => sum + row.gas, 0n);
  const earned = Object.entries(totals).filter(([, units]) => units > 0n);
  return [
    table.toString(),
    `${rows.length} liquidations of ${new Set(rows.map(({ account }) => account)).size} accounts, ${gas.toLocaleString('en')} gas`,
    ...wrapped(`treasury: ${earned.map(([symbol, units]) => show(directory, symbol, units)).join(', ')}`),
  ].join('\n');
}

const COLUMNS = 80;

/** A text in lines, broken behind commas. */
function wrapped(text: string): string[] {
  const lines = [''];
  for (const part of text.split(/(?<=, )/)) {
    if ((lines.at(-1)! + part).trimEnd().length > COLUMNS) lines.push('  ');
    lines[lines.length - 1] += part;
  }
  return lines.map((line) => line.trimEnd());
}
