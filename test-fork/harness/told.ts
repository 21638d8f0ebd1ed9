import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Address, getAddress, parseEther } from 'viem';
import { partsOf } from '../../keeper/src/store/key.ts';
import { root } from '../lab/paths.ts';
import { lookInto } from './blocks.ts';
import { withBinaries } from './deploy.ts';
import type { Fate } from './fates.ts';
import type { KeeperProcess, LogLine } from './keeper.ts';

// What the keeper tells of legs, read out of its log, its status and its store. Every name of a message or a field that the
// tests of outcomes rely on is in this file.

/** The line that tells of one leg, by what became of it. */
export const LINE = { landed: 'landed', lost: 'lost', skipped: 'leg skipped' } as const satisfies Record<
  Fate['state'],
  string
>;

/** The market's address in a field that names it: an address alone, or behind a protocol's id and a colon. */
export const marketIn = (field: unknown): Address => getAddress(/0x[0-9a-fA-F]{40}/.exec(String(field))![0]);

/** The error's name in a reason: alone, or with its arguments and what is around it. */
const errorIn = (reason: unknown): string | undefined =>
  typeof reason === 'string' ? /(\w+)(\(\)\)*)?$/.exec(reason.trim())?.[1] : undefined;

const fateOf = (account: unknown, market: unknown, state: Fate['state'], reason: unknown): Fate => {
  const error = errorIn(reason);
  const who = { account: getAddress(String(account)), market: marketIn(market) };
  return state === 'landed' ? { ...who, state } : { ...who, state, ...(error ? { reason: error } : {}) };
};

/** One line a leg, each with account, market, protocol and, where it did not land, its reason. */
export function fatesInLog(lines: readonly LogLine[]): Fate[] {
  return lines.flatMap((line) => {
    const state = (Object.keys(LINE) as Fate['state'][]).find((each) => LINE[each] === line.msg);
    if (!state) return [];
    if (line.protocol !== 'aave-v3') throw new Error(`the line names no protocol: ${JSON.stringify(line)}`);
    return [fateOf(line.account, line.market, state, line.reason)];
  });
}

/** One leg of an attempt as `keeper status --json` has it. */
type StatusLeg = {
  leg: { borrower: string };
  deals: readonly { market: string }[];
  outcome: { state: Fate['state']; reason?: string };
};
type StatusMarket = { protocol: string; address: Address };
/** Of `keeper status --json`, what is read here. */
type StatusJson = {
  markets: readonly StatusMarket[];
  snapshot: { markets: readonly StatusMarket[] } | null;
  attempts: readonly { state: string; legs: readonly StatusLeg[] }[];
};

/** Runs `keeper status --json` on a keeper's store. */
export async function statusOf({ store }: Pick<KeeperProcess, 'store'>): Promise<StatusJson> {
  const cli = ['--import', join(root, 'tools/register.mjs'), join(root, 'keeper/src/cli.ts')];
  const { stdout } = await promisify(execFile)(process.execPath, [...cli, 'status', '--json', '--store', store], {
    cwd: root,
    env: withBinaries(),
  });
  return JSON.parse(stdout);
}

/** What the newest attempt says of its legs. */
export function fatesInStatus({ attempts: [newest] }: StatusJson): Fate[] {
  return newest!.legs.map(({ leg, deals, outcome: { state, reason } }) =>
    fateOf(leg.borrower, deals[0]!.market, state, reason),
  );
}

/** What landed, as the history in the store has it: per leg with the amounts that moved. */
export const landedInHistory = (keeper: KeeperProcess) =>
  lookInto(keeper, (store) =>
    store.liquidations.recent(1_000).map(({ account, market, debt, collateral, repaid, seized }) => ({
      account: getAddress(account),
      market: getAddress(partsOf(market).address),
      debt: getAddress(debt),
      collateral: getAddress(collateral),
      repaid,
      seized,
    })),
  );

/** In one order, so that two that tell of the same legs are equal. */
export const inOrder = <T extends { account: string; market: string }>(legs: readonly T[]): T[] =>
  [...legs].sort((a, b) => `${a.account}${a.market}`.localeCompare(`${b.account}${b.market}`));

/** Whom a line is about: one account, or several of a plan. */
export const accountsIn = ({ account, who = account }: LogLine): Address[] =>
  [who].flat().map((each) => getAddress(String(each)));

/** What a plan that was sent is worth before gas, wei. */
export const worthIn = ({ value }: LogLine): bigint => parseEther(String(value));

/** The markets that a keeper follows, by its snapshot; each once. */
export const marketsIn = ({ snapshot }: StatusJson): Address[] =>
  (snapshot?.markets ?? []).map(({ address }) => getAddress(address));
