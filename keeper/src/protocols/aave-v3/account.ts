import type { Address, PublicClient } from 'viem';
import type { Account } from '../protocol.ts';
import { poolAbi, scaledTokenAbi } from './abi.ts';
import { isBorrowing, isCollateral } from './configuration.ts';
import type { AaveMarket } from './market.ts';
import { type Answer, type Call, must, readTogether } from './read.ts';
import type { AaveState } from './state.ts';

/** An account's stake in one reserve. A scaled amount is 0 where its flag is off: it then does not count. */
export type Position = {
  id: number;
  collateral: boolean;
  borrowing: boolean;
  scaledSupply: bigint;
  scaledDebt: bigint;
};

/** An Aave account: positions in order of reserve id, as the Pool walks them. */
export type AaveAccount = Account & {
  eMode: number;
  positions: readonly Position[];
  /** A reserve the account uses that the market was opened without. */
  unknownReserve?: number;
};

/** Calls per `eth_call`: under 20 million gas, which every public node allows. */
const CHUNK = 1000;
/** `eth_call`s in flight at once, so that a first sync does not look like an attack. */
const LANES = 4;

async function readAll(client: PublicClient, calls: readonly Call[], state: AaveState): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < calls.length; start += CHUNK * LANES) {
    const lanes = Array.from({ length: LANES }, (_, lane) => {
      const from = start + lane * CHUNK;
      return readTogether(client, calls.slice(from, from + CHUNK), state.block);
    });
    answers.push(...(await Promise.all(lanes)).flat());
  }
  return answers;
}

/**
 * Reads accounts at the block of `state`: flags and eMode, then the balances they point to. Two round trips for a block's
 * worth of accounts.
 */
export async function readAccounts(
  client: PublicClient,
  market: AaveMarket,
  state: AaveState,
  accounts: readonly Address[],
): Promise<Map<Address, AaveAccount>> {
  const flags = await readAll(
    client,
    accounts.flatMap((account) => [
      { address: market.address, abi: poolAbi, functionName: 'getUserConfiguration', args: [account] },
      { address: market.address, abi: poolAbi, functionName: 'getUserEMode', args: [account] },
    ]),
    state,
  );

  const calls: Call[] = [];
  const found = accounts.map((address, index) => {
    const bitmap = must<bigint>(flags[2 * index]);
    const positions: Position[] = [];
    const slots: { position: Position; field: 'scaledSupply' | 'scaledDebt'; call: number }[] = [];
    market.reserves.forEach((reserve, id) => {
      const position = {
        id,
        collateral: isCollateral(bitmap, id),
        borrowing: isBorrowing(bitmap, id),
        scaledSupply: 0n,
        scaledDebt: 0n,
      };
      if (!reserve || !(position.collateral || position.borrowing)) return;
      positions.push(position);
      const scaled = (token: Address, field: 'scaledSupply' | 'scaledDebt') => {
        slots.push({ position, field, call: calls.length });
        calls.push({ address: token, abi: scaledTokenAbi, functionName: 'scaledBalanceOf', args: [address] });
      };
      if (position.collateral) scaled(reserve.aToken, 'scaledSupply');
      if (position.borrowing) scaled(reserve.variableDebtToken, 'scaledDebt');
    });
    // Two bits a reserve: whatever is left above the known ones belongs to a newer listing.
    const unknown = bitmap >> BigInt(2 * market.reserves.length) !== 0n;
    const eMode = Number(must<bigint>(flags[2 * index + 1]));
    const account: AaveAccount = { address, eMode, positions };
    if (unknown) account.unknownReserve = market.reserves.length;
    return { account, slots };
  });

  const balances = await readAll(client, calls, state);
  for (const { slots } of found) {
    for (const { position, field, call } of slots) position[field] = must<bigint>(balances[call]);
  }
  return new Map(found.map(({ account }) => [account.address, account]));
}
