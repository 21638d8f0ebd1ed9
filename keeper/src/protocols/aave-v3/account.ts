import type { Address, PublicClient } from 'viem';
import type { Account, Cell } from '../protocol.ts';
import { poolAbi, scaledTokenAbi } from './abi.ts';
import type { AaveMarket } from './market.ts';
import { type Answer, type Call, must, readTogether } from './read.ts';
import { debtSlot, slotsOfBitmap } from './slots.ts';
import type { AaveState } from './state.ts';

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

/** The call that gives the amount of a slot. */
function amountCall(market: AaveMarket, account: Address, slot: number): Call | undefined {
  const reserve = market.reserves[slot >> 1];
  if (!reserve) return undefined;
  const token = slot === debtSlot(reserve.id) ? reserve.variableDebtToken : reserve.aToken;
  return { address: token, abi: scaledTokenAbi, functionName: 'scaledBalanceOf', args: [account] };
}

/**
 * Reads accounts at the block of `state`: flags and eMode, then the balances they point to. Two round trips for a block's
 * worth of accounts.
 *
 * A flag is a cell, even of nothing: the Pool asks for its price all the same. One of a reserve that was listed after the
 * market was opened becomes a cell of 0, which makes the account one that cannot be judged; one of a reserve that was
 * dropped is left out, as the Pool does.
 */
export async function readAccounts(
  client: PublicClient,
  market: AaveMarket,
  state: AaveState,
  accounts: readonly Address[],
): Promise<Map<Address, Account>> {
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
    const cells: (Cell & { call?: number })[] = [];
    for (const slot of slotsOfBitmap(must<bigint>(flags[2 * index]))) {
      const call = amountCall(market, address, slot);
      if (call) cells.push({ slot, amount: 0n, call: calls.push(call) - 1 });
      else if (slot >> 1 >= market.reserves.length) cells.push({ slot, amount: 0n });
    }
    return { address: address.toLowerCase() as Address, group: Number(must<bigint>(flags[2 * index + 1])), cells };
  });

  const balances = await readAll(client, calls, state);
  return new Map(
    found.map(({ address, group, cells }) => [
      address,
      {
        address,
        group,
        cells: cells.map(({ slot, amount, call }) => ({
          slot,
          amount: call === undefined ? amount : must<bigint>(balances[call]),
        })),
      },
    ]),
  );
}
