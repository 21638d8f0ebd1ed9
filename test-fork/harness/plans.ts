import { type Address, getAddress, type Hex, hexToNumber, size, sliceHex } from 'viem';

/** One leg of a plan that was sent. Its debt token is its round's. */
export type SentLeg = { market: Address; account: Address; debt: Address; collateral: Address };
/** Of a round, what a test looks at; `funding` by its number in ILiquidator.sol. */
type SentRound = { funding: number; legs: readonly SentLeg[] };

const WORD = 32;
const SELECTOR = 4;
const TOKEN = 36;
const ROUND = 58;
const LEG = 60;
const SWAP = 57;

/**
 * Reads the calldata of `execute` by the layout that ILiquidator.sol gives. The keeper has a reader of its own; tests judge it
 * by this one.
 */
export function readRounds(data: Hex): SentRound[] {
  const plan = sliceHex(data, SELECTOR);
  const number = (at: number, bytes = 1) => hexToNumber(sliceHex(plan, at, at + bytes));
  const address = (at: number) => getAddress(sliceHex(plan, at, at + 20));
  const tokens = number(30);
  // A token's number is its place counted from the last, which is 1.
  const token = (at: number) => address(WORD + TOKEN * (tokens - number(at)));

  let at = WORD + TOKEN * tokens;
  const rounds = Array.from({ length: number(31) }, (): SentRound => {
    const [funding, legs, swaps, extra] = [number(at), number(at + 1), number(at + 2), number(at + 3, 2)];
    const debt = token(at + 25);
    at += ROUND + extra;
    const sent = Array.from({ length: legs }, (): SentLeg => {
      const leg = { market: address(at + 3), account: address(at + 24), debt, collateral: token(at + 23) };
      at += LEG + number(at + 1, 2);
      return leg;
    });
    for (let swap = 0; swap < swaps; swap++) at += SWAP + number(at + 1, 2);
    return { funding, legs: sent };
  });
  if (at !== size(plan)) throw new Error(`the plan is ${size(plan)} bytes long and its rounds end at ${at}`);
  return rounds;
}
