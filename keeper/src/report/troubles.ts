import type { Logger } from '../log/log.ts';

/** What stops every plan alike, whomever it is for, and what there is to do about it. */
const TROUBLES: readonly { is: RegExp; what: string }[] = [
  {
    is: /\bNotOperator\b/,
    what: 'the Liquidator does not take plans of this operator any more: the owner must call setOperator(operator, true), or start with the key of another',
  },
  {
    is: /(max fee|maxFeePerGas|fee cap|gas price)[^.]*(less|lower|below|under)[^.]*base ?fee/i,
    what: 'what may be paid for gas is under the base fee: raise --max-gas-price, or wait until gas is cheaper',
  },
  {
    is: /insufficient funds|exceeds the balance of the account|insufficient balance for (transfer|gas)/i,
    what: 'the operator cannot pay for the gas: send it some of the native coin',
  },
];

/** The troubles that are known of now. */
export type Troubles = {
  /** @returns whether a reason concerns all; told once, as a warning, until it is over */
  tell(reason: string): boolean;
  /** Something was sent after all. */
  over(): void;
};

export function createTroubles(log: Logger): Troubles {
  const known = new Set<string>();
  return {
    tell(reason) {
      const trouble = TROUBLES.find(({ is }) => is.test(reason));
      if (!trouble) return false;
      if (!known.has(trouble.what)) log.warn({ reason }, trouble.what);
      known.add(trouble.what);
      return true;
    },
    over: () => known.clear(),
  };
}
