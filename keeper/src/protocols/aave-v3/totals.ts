import type { PublicClient } from 'viem';
import { type Call, must, readTogether } from '../../chain/view.ts';
import type { BlockRef, TotalDebt } from '../protocol.ts';
import { scaledTokenAbi } from './abi.ts';
import type { AavePool } from './pool.ts';
import { debtSlot } from './slots.ts';

/**
 * The scaled supply of each reserve's variable debt token: to the unit the sum of the scaled debts of all its accounts. Debt at a
 * stable rate, up to 3.1, has no such sum: its supply grows at an average rate.
 *
 * @throws when the node fails
 * @example
 * const [weth] = await readTotalDebts(client, pool, block);
 * weth.amount; // what all accounts have in cells of `weth.slot`
 */
export async function readTotalDebts(
  client: PublicClient,
  { assets }: Pick<AavePool, 'assets'>,
  block: BlockRef,
): Promise<TotalDebt[]> {
  const calls = assets.map(
    ({ variableDebtToken: address }): Call => ({ address, abi: scaledTokenAbi, functionName: 'scaledTotalSupply' }),
  );
  const answers = await readTogether(client, calls, block);
  return assets.map((asset, index) => {
    const { address, symbol, decimals, id } = asset;
    return { asset: { address, symbol, decimals }, slot: debtSlot(id), amount: must<bigint>(answers[index]) };
  });
}
