import type { Head } from '../chain/head.ts';
import { mostGas } from '../planning/gas.ts';
import type { DispatcherState } from './dispatcher-state.ts';
import { leastMaxFee, mostGasFor, spendable } from './purse.ts';

/** Less gas than any plan takes. */
const LEAST_GAS = 300_000n;
/** The balance is enough again where it pays for so many of the largest transactions: fees go up and down. */
const PLENTY = 2n;

/**
 * What keeps all plans small, or back. Wei, wei per gas.
 *
 * - `gas price`: the chain asks more than `--max-gas-price`: nothing is sent
 * - `bound`: no plan is as cheap as `most`, which is `--max-tx-cost` or what the node takes
 * - `empty`: what the operator holds pays for no transaction: nothing is sent
 * - `low`: the operator's balance bounds how large transactions are
 */
export type Straits =
  | { kind: 'gas price'; baseFee: bigint; maxGasPrice: bigint }
  | { kind: 'bound'; most: bigint; needed: bigint }
  | { kind: 'empty' | 'low'; balance: bigint; reserved: bigint; needed: bigint };

/**
 * The gas that a transaction may bring at a head: what a block has room for, and what there is money for. What money makes
 * impossible is told, once.
 *
 * @returns 0 where nothing can be sent
 * @throws when the node fails
 * @example
 * const most = await meansAt(state, head);
 * const { offers } = await planner.plan(due, head, most);
 */
export async function meansAt(state: DispatcherState, head: Head): Promise<bigint> {
  const { purse, lane, tell } = state;
  const price = await state.prices(head);
  const most = mostGas(head.gasLimit);
  const { maxGasPrice } = purse.settings;
  if (maxGasPrice !== undefined && maxGasPrice < price.baseFee) {
    tell.straits({ kind: 'gas price', baseFee: price.baseFee, maxGasPrice });
    return 0n;
  }
  const reserved = lane?.reserved() ?? 0n;
  const gas = mostGasFor(purse, price, reserved, most);
  tellMoney(state, { fee: leastMaxFee(price), reserved, most });
  const { balance } = purse;
  // What is on its way is waited for: it comes back, but for the gas that it uses.
  return balance !== undefined && balance - reserved < leastMaxFee(price) * LEAST_GAS ? 0n : gas;
}

/** @param fee - the lowest max fee, wei per gas; `most`: gas that a transaction may bring at all */
function tellMoney(
  { purse, tell }: DispatcherState,
  { fee, reserved, most }: { fee: bigint; reserved: bigint; most: bigint },
): void {
  const { balance } = purse;
  const least = fee * LEAST_GAS;
  const bound = spendable({ ...purse, balance: undefined }, 0n);
  const now = balance !== undefined && { balance, reserved, needed: fee * most };
  if (now && now.balance < least) tell.straits({ kind: 'empty', ...now });
  else if (bound !== undefined && bound < least) tell.straits({ kind: 'bound', most: bound, needed: least });
  else if (now && now.balance < now.needed) tell.straits({ kind: 'low', ...now });
  else if (!now || now.balance >= now.needed * PLENTY) tell.straits(undefined);
}

/**
 * Asks what the operator holds, and says so in time where that is little. It is for when nothing waits: what a head's plans are
 * sized by is known from the head before.
 *
 * @throws when the node fails
 * @example
 * await countMoney(state, head);
 */
export async function countMoney(state: DispatcherState, head: Head): Promise<void> {
  const { client, lane, operator, purse } = state;
  if (!lane || !operator) return;
  purse.balance = await client.getBalance({ address: operator.address, blockTag: 'latest' });
  await meansAt(state, head);
}
