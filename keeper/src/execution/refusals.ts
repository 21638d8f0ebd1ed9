import { wordsOf } from '../chain/errors.ts';
import { larger } from './fees.ts';

/**
 * What a node has against a transaction that is sound but for its money.
 *
 * - `cap`: gas limit times max fee is more than the node lets anybody spend; `most` in wei, where it says so
 * - `tip`: the tip is less than the node takes; `least` in wei per gas, where it says so
 * - `price`: as `tip`, but `least` is of base fee and tip together
 * - `gas`: the gas limit is more than a transaction may bring there; `most` in gas, where it says so
 * - `funds`: the sender holds less than gas limit times max fee, with all that waits counted in
 */
export type Refusal =
  | { kind: 'cap'; most?: bigint }
  | { kind: 'gas'; most?: bigint }
  | { kind: 'tip'; least?: bigint }
  | { kind: 'price'; least?: bigint }
  | { kind: 'funds' };

// geth, Erigon, bor and reth name both numbers, reth in wei; Besu names none.
const CAP =
  /exceeds the configured cap|fee ?cap exceeded|exceeds (the )?(configured |maximum )?(tx|transaction) fee cap/i;
const CAP_NUMBER = /configured cap \(([\d.]+)\s*([a-z]*)\)/i;
// Osaka's cap of a transaction, a block's limit, or an operator's own.
const GAS =
  /exceeds (the )?(block|max(imum)?) gas|gas[ _]limit(_cap| too high| exceeds| is too)|intrinsic gas too high/i;
const GAS_NUMBER = /(?:cap|max(?:imum)?|block gas limit|limit)\D{0,12}?(\d{5,})/i;
const FUNDS =
  /insufficient ?(funds|balance)|(upfront|total) cost exceeds|exceeds (the )?(account )?balance|not enough (funds|balance)/i;
// What is too little beside a version of its own is no matter of the node's least.
const REPLACEMENT = /replacement|replace existing/i;
const TIP =
  /gas price below|underpriced|fee ?too ?low|tip (cap )?(is )?(too low|below)|below (the )?(configured )?min|priority fee .*(too low|below|less than)|gas price (is )?(too low|less than)/i;
/** A max fee under the base fee is no matter of tips: the base fee has risen since it was asked for. */
const BASE_FEE = /less than block base fee|below (the )?(current )?base ?fee|max ?fee ?per ?gas too low/i;
const NEEDED = /(?:minimum|min|needed|required|at least|higher than)\b[a-z:= ]{0,30}?\(?(\d+(?:\.\d+)?)\s*(gwei)?/gi;
const NUMBER = /(?<![\w.])(\d+(?:\.\d+)?)\s*(gwei)?(?![\w.]*\d)/gi;
/** Wei per gas: a larger number is none of a fee. */
const NO_FEE = 10n ** 16n;

const UNITS: Record<string, number> = { wei: 0, gwei: 9 };
/** Of ether, and of every other native coin. */
const COIN_DECIMALS = 18;

/**
 * What a node's refusal to take a transaction says of money; `undefined` where it says nothing of it.
 *
 * @example
 * refusalOf(error); // { kind: 'cap', most: 10n ** 18n }: "tx fee (1.78 ether) exceeds the configured cap (1.00 ether)"
 */
export function refusalOf(error: unknown): Refusal | undefined {
  const words = wordsOf(error);
  if (CAP.test(words)) return capIn(words);
  if (FUNDS.test(words)) return { kind: 'funds' };
  if (GAS.test(words)) {
    const [, most] = GAS_NUMBER.exec(words) ?? [];
    return most === undefined ? { kind: 'gas' } : { kind: 'gas', most: BigInt(most) };
  }
  if (REPLACEMENT.test(words) || BASE_FEE.test(words) || !TIP.test(words)) return undefined;
  // Of these nodes the number is what a unit of gas costs, and not the tip alone.
  const kind = /FeePerGas needs|minimum gas ?price|minimum fee cap/i.test(words) ? 'price' : 'tip';
  const numbers = feesIn(words, NEEDED);
  // They are named beside what was offered, which is less.
  const least = (numbers.length > 0 ? numbers : feesIn(words, NUMBER)).reduce(larger, 0n);
  return least === 0n ? { kind } : { kind, least };
}

/** Wei per gas, of all numbers that a pattern finds. */
const feesIn = (words: string, pattern: RegExp): bigint[] =>
  [...words.matchAll(pattern)].map(([, number, unit]) => scaled(number!, unit ?? 'wei')).filter((fee) => fee < NO_FEE);

function capIn(words: string): Refusal {
  const [, number, unit = ''] = CAP_NUMBER.exec(words) ?? [];
  if (number === undefined) return { kind: 'cap' };
  const most = scaled(number, unit);
  // One that rounds to nothing is not told.
  return most > 0n ? { kind: 'cap', most } : { kind: 'cap' };
}

/** A decimal number of a unit in wei; what is less than one wei is cut off. */
function scaled(number: string, unit: string): bigint {
  const [whole = '0', fraction = ''] = number.split('.');
  const decimals = UNITS[unit.toLowerCase()] ?? COIN_DECIMALS;
  return BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'));
}
