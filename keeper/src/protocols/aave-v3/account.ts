import type { Address, PublicClient } from 'viem';
import { readWords, type WordCall } from '../../chain/view.ts';
import type { Account, Cell } from '../protocol.ts';
import { poolAbi, scaledTokenAbi, stableTokenAbi } from './abi.ts';
import type { AavePool } from './pool.ts';
import { debtSlot, slotsOfBitmap, stableSlot } from './slots.ts';
import type { AaveState } from './state.ts';

/** Accounts that are read together: their flags take half an `eth_call`, their balances about one. */
const TOGETHER = 250;
/** So many of those at once, so that a first sync does not look like an attack. */
const LANES = 4;

/** The call that gives the amount of a flag's slot. */
function amountCall(pool: AavePool, account: Address, slot: number): WordCall | undefined {
  const reserve = pool.reserves[slot >> 1];
  if (!reserve) return undefined;
  const token = slot === debtSlot(reserve.id) ? reserve.variableDebtToken : reserve.aToken;
  return { address: token, abi: scaledTokenAbi, functionName: 'scaledBalanceOf', args: [account] };
}

/** The calls that give what is owed at a stable rate where a debt's flag is set: principal, rate, last update. */
function stableCalls(pool: AavePool, account: Address, slot: number): WordCall[] {
  const reserve = pool.reserves[slot >> 1];
  if (!pool.rules.stableDebt || !reserve || slot !== debtSlot(reserve.id)) return [];
  return (['principalBalanceOf', 'getUserStableRate', 'getUserLastUpdated'] as const).map((functionName) => ({
    address: reserve.stableDebtToken,
    abi: stableTokenAbi,
    functionName,
    args: [account],
  }));
}

/**
 * Reads accounts at the block of `state`: flags and eMode, then the balances they point to. Two round trips for a block's
 * worth of accounts.
 *
 * A flag is a cell, even of nothing: the Pool asks for its price all the same. One of a reserve that was listed after the
 * market was opened becomes a cell of 0, which makes the account one that cannot be judged; one of a reserve that was
 * dropped is left out, as the Pool does.
 *
 * @example
 * const accounts = await readAccounts(client, pool, state, ['0xAb…']);
 * accounts.get('0xab…'); // keys are in lower case
 */
export async function readAccounts(
  client: PublicClient,
  pool: AavePool,
  state: AaveState,
  accounts: readonly Address[],
): Promise<Map<Address, Account>> {
  const parts: Account[][] = [];
  let taken = 0;
  const lane = async () => {
    while (taken < accounts.length) {
      const [from, part] = [taken, parts.length];
      taken += TOGETHER;
      parts.push([]);
      parts[part] = await readSome(client, pool, state, accounts.slice(from, from + TOGETHER));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return new Map(parts.flat().map((account) => [account.address, account]));
}

async function readSome(
  client: PublicClient,
  pool: AavePool,
  state: AaveState,
  accounts: readonly Address[],
): Promise<Account[]> {
  const flags = await readWords(
    client,
    accounts.flatMap((account): WordCall[] => [
      { address: pool.address, abi: poolAbi, functionName: 'getUserConfiguration', args: [account] },
      { address: pool.address, abi: poolAbi, functionName: 'getUserEMode', args: [account] },
    ]),
    state.block,
  );

  const calls: WordCall[] = [];
  const found = accounts.map((address, index) => {
    const slots = slotsOfBitmap(flags[2 * index]!);
    const cells: { slot: number; call?: number }[] = [];
    for (const slot of slots) {
      const call = amountCall(pool, address, slot);
      if (call) cells.push({ slot, call: calls.push(call) - 1 });
      else if (slot >> 1 >= pool.reserves.length) cells.push({ slot });
    }
    const stable = slots.flatMap((slot) => {
      const asked = stableCalls(pool, address, slot);
      return asked.length > 0 ? [{ slot: stableSlot(slot >> 1), call: calls.push(...asked) - asked.length }] : [];
    });
    const group = Number(flags[2 * index + 1]);
    return { address: address.toLowerCase() as Address, group, cells, stable };
  });

  const balances = await readWords(client, calls, state.block);
  const amountOf = (call: number) => balances[call]!;
  return found.map(({ address, group, cells, stable }) => {
    const flagged = cells.map(({ slot, call }): Cell => ({ slot, amount: call === undefined ? 0n : amountOf(call) }));
    const owed = stable.flatMap(({ slot, call }): Cell[] =>
      amountOf(call) === 0n ? [] : [0, 1, 2].map((part) => ({ slot: slot + part, amount: amountOf(call + part) })),
    );
    return { address, group, cells: [...flagged, ...owed] };
  });
}
