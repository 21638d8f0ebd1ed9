import type { GasPrice, GasPrices } from '../chain/gas-price.ts';
import { type Fees, larger, least } from './fees.ts';
import { type Refusal, refusalOf } from './refusals.ts';

// What a transaction may cost is decided here and nowhere else: how large it may be, what it offers, and what was learnt of what the
// nodes take.

/** What people allow. Wei, and wei per gas. */
export type PurseSettings = {
  /** Gas limit times max fee of a transaction. */
  maxTxCost?: bigint | undefined;
  maxGasPrice?: bigint | undefined;
  minPriorityFee?: bigint | undefined;
};

/** What is allowed, and what is known of what the operator holds and the nodes take. The functions of this file change it. */
export type Purse = {
  readonly settings: PurseSettings;
  /** What the operator held when it was last asked, wei. */
  balance: bigint | undefined;
  /** The most gas limit times max fee that a node has let pass or named, wei. */
  cap: bigint | undefined;
  /** The most gas that a node has let a transaction bring or named. */
  gasCap: bigint | undefined;
  /** The least tip that a node has named, wei per gas. */
  leastTip: bigint;
  /** The least tip that seemed to be asked, where a node named none; forgotten behind the block `until`. */
  guess: { tip: bigint; until: bigint } | undefined;
};

/** A tip that is tried where a node names none: 1 gwei, or twice what it refused. */
const FIRST_GUESS = 1_000_000_000n;
/** Blocks for which a guess is kept: what filled a node's pool is gone by then. */
const GUESS_KEPT = 64n;
/** Where a node names no number, or one that is not kept to: three quarters of what it refused. */
const [LESS_NUMERATOR, LESS_DENOMINATOR] = [3n, 4n];
/** What geth, Erigon and Besu let a transaction cost unless they are told otherwise: 1 ether. */
const USUAL_CAP = 10n ** 18n;
/** The least that a max fee leaves room for: the base fee after two full blocks, each an eighth more. */
const [RISE_NUMERATOR, RISE_DENOMINATOR] = [81n, 64n];
/** Of what a plan earns beyond the base fee, the part that may go as a tip; and as one that is no plain tip any more. */
const [PLAIN_PART, TIP_PART] = [2n, 10n];
/** A tip up to the base fee, or to 2 gwei, is plain. */
const PLAIN_TIP = 2_000_000_000n;

/**
 * A purse of which nothing is known yet.
 *
 * @example
 * const purse = openPurse({ maxTxCost: 10n ** 18n, minPriorityFee: 25n * 10n ** 9n });
 */
export const openPurse = (settings: PurseSettings): Purse => ({
  settings,
  ...{ balance: undefined, cap: undefined, gasCap: undefined, leastTip: 0n, guess: undefined },
});

/**
 * Fees by head, the tip no less than what is asked for at least.
 *
 * @example
 * const prices = pricedBy(purse, openGasPrices(client));
 * (await prices(head)).priority; // 25_000_000_000n
 */
export const pricedBy =
  (purse: Purse, prices: GasPrices): GasPrices =>
  async (head) => {
    const { baseFee, priority } = await prices(head);
    return { baseFee, priority: larger(priority, leastTipOf(purse)) };
  };

/**
 * The least tip that is offered: as people say, as nodes have named it, as it seemed to be asked; wei per gas.
 *
 * @example
 * leastTipOf(openPurse({ minPriorityFee: 30n })); // 30n
 */
export const leastTipOf = ({ settings, leastTip, guess }: Purse): bigint =>
  larger(larger(settings.minPriorityFee ?? 0n, leastTip), guess?.tip ?? 0n);

/** A guess has its time. @param block - number of the newest block */
export function forgetGuess(purse: Purse, block: bigint): void {
  if (purse.guess && purse.guess.until < block) purse.guess = undefined;
}

/**
 * The lowest max fee that a transaction is sent with: base fees rise while it waits; wei per gas, rounded up.
 *
 * @example
 * leastMaxFee({ baseFee: 64n, priority: 7n }); // 88n
 */
export const leastMaxFee = ({ baseFee, priority }: GasPrice): bigint =>
  (baseFee * RISE_NUMERATOR + RISE_DENOMINATOR - 1n) / RISE_DENOMINATOR + priority;

/**
 * The most that gas limit times max fee of one transaction may come to, wei; `undefined` where nothing bounds it.
 *
 * @param reserved - what those on their way may cost, wei
 * @example
 * spendable({ ...purse, balance: 2n * ETHER }, ETHER / 2n); // 1.5 ether, or less where a node or people want less
 */
export function spendable({ settings, balance, cap }: Purse, reserved: bigint): bigint | undefined {
  const free = balance === undefined ? undefined : larger(balance - reserved, 0n);
  const bounds = [settings.maxTxCost, cap, free].filter((bound) => bound !== undefined);
  return bounds.length === 0 ? undefined : bounds.reduce(least);
}

/**
 * The most gas that a transaction may bring for its money, at the lowest max fee that it may be sent with; rounded down.
 *
 * @param most - gas that it may bring at all
 * @example
 * mostGasFor(openPurse({ maxTxCost: 10n ** 18n }), { baseFee: 400n * GWEI, priority: GWEI }, 0n, 15_000_000n); // 1_971_414n
 */
export function mostGasFor(purse: Purse, price: GasPrice, reserved: bigint, most: bigint): bigint {
  const wei = spendable(purse, reserved);
  const fee = leastMaxFee(price);
  const taken = least(most, purse.gasCap ?? most);
  return wei === undefined || fee === 0n ? taken : least(taken, wei / fee);
}

/** A transaction that is to be sent: its gas limit, the gas it is expected to use, the most wei its gas may cost. */
type Sized = { limit: bigint; gas: bigint; budget: bigint };

/**
 * Fees of a transaction: room for the base fee to double where the money allows that and for two full blocks else, and the usual
 * tip, but no more of what the plan earns than a stated part unless a node insists.
 *
 * @param reserved - what those on their way may cost, wei
 * @throws where gas limit times the lowest max fee is more than may be spent: see {@link isTooDear}; and where no fee that may be
 * offered pays the base fee
 * @example
 * feesFor(openPurse({}), { baseFee: 100n, priority: 7n }, { limit: 1_500n, gas: 1_000n, budget: 1_000_000n }, 0n);
 * // { maxFeePerGas: 207n, maxPriorityFeePerGas: 7n }
 */
export function feesFor(purse: Purse, price: GasPrice, { limit, gas, budget }: Sized, reserved: bigint): Fees {
  const { baseFee, priority } = price;
  const wei = spendable(purse, reserved);
  if (wei !== undefined && limit * leastMaxFee(price) > wei) {
    throw tooDear(`its gas limit of ${limit} may cost more than the ${wei} wei that can be spent on it`);
  }
  const affordable = budget / gas;
  const bounds = [affordable, purse.settings.maxGasPrice, wei === undefined ? undefined : wei / limit];
  const roomy = 2n * baseFee + priority;
  const maxFeePerGas = bounds.reduce<bigint>((low, bound) => (bound === undefined ? low : least(low, bound)), roomy);
  if (maxFeePerGas < baseFee) {
    throw new Error(`a unit of gas costs ${baseFee} wei, and no more than ${maxFeePerGas} may be offered`);
  }
  const asked = leastTipOf(purse);
  if (maxFeePerGas < asked) {
    throw new Error(
      `a tip of ${asked} wei is asked, and no more than ${maxFeePerGas} may be offered for a unit of gas`,
    );
  }
  return { maxFeePerGas, maxPriorityFeePerGas: least(tipFor(purse, price, { gas, budget }), maxFeePerGas) };
}

/**
 * The tip that a plan is worth: the usual one, but no more of what it earns beyond the base fee than a stated part, half of it for a
 * plain tip and a tenth for one beyond that, unless a node insists; wei per gas, rounded down.
 *
 * @example
 * tipFor(openPurse({}), { baseFee: 30n * GWEI, priority: 5_000n * GWEI }, { gas: 1n, budget: 1_030n * GWEI }); // 100 gwei
 */
export function tipFor(purse: Purse, { baseFee, priority }: GasPrice, { gas, budget }: Omit<Sized, 'limit'>): bigint {
  const earned = larger(budget / gas - baseFee, 0n);
  const plain = least(earned / PLAIN_PART, larger(baseFee, PLAIN_TIP));
  return least(priority, larger(larger(plain, earned / TIP_PART), leastTipOf(purse)));
}

const TOO_DEAR = 'TooDearError';
const tooDear = (message: string): Error => Object.assign(new Error(message), { name: TOO_DEAR });

/**
 * Whether a transaction was not sent because it may cost too much, so that a smaller one may do.
 *
 * @example
 * await lane.send(shipment, head).catch((error) => isTooDear(error) && smaller());
 */
export function isTooDear(error: unknown): boolean {
  const kind = refusalOf(error)?.kind;
  return (error as Error | undefined)?.name === TOO_DEAR || kind === 'cap' || kind === 'gas' || kind === 'funds';
}

/**
 * Takes a node's refusal to heart.
 *
 * @param offered - the gas limit, that times the max fee in wei, the tip in wei per gas; and what else may be gone already, wei
 * @param at - base fee (wei per gas) and number of the block it was for
 * @example
 * learn(purse, { kind: 'cap', most: 10n ** 18n }, { gas, cost: 2n * 10n ** 18n, tip, reserved }, { baseFee, block });
 * purse.cap; // 10n ** 18n
 */
export function learn(
  purse: Purse,
  refusal: Refusal,
  { gas, cost, tip, reserved }: { gas: bigint; cost: bigint; tip: bigint; reserved: bigint },
  { baseFee, block }: { baseFee: bigint; block: bigint },
): void {
  const less = (refused: bigint) => (refused * LESS_NUMERATOR) / LESS_DENOMINATOR;
  if (refusal.kind === 'cap') {
    const named = refusal.most ?? USUAL_CAP;
    // Nodes round what they name: what is refused below it says more.
    purse.cap = named < cost ? named : less(cost);
  } else if (refusal.kind === 'gas') {
    purse.gasCap = refusal.most !== undefined && refusal.most < gas ? refusal.most : less(gas);
  } else if (refusal.kind === 'funds') {
    // What another program has waiting with this key nobody tells us.
    purse.balance = least(purse.balance ?? cost + reserved, reserved + less(cost));
  } else {
    const named = refusal.least === undefined ? undefined : refusal.least - (refusal.kind === 'price' ? baseFee : 0n);
    if (named !== undefined && named > tip) purse.leastTip = larger(purse.leastTip, named);
    else purse.guess = { tip: larger(2n * tip, FIRST_GUESS), until: block + GUESS_KEPT };
  }
}
