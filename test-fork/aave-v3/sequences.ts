import { type Address, decodeFunctionResult, encodeFunctionData, type Hex, numberToHex, parseAbi } from 'viem';
import { expect } from 'vitest';
import type { Deal, View } from '../../keeper/src/protocols/protocol.ts';
import type { Random } from '../lab/random.ts';
import { type AssetSymbol, assets } from '../lab/tokens.ts';
import { callOf, claimOf, liquidator, outcomeOf, type Rig, type SentLog } from './rig.ts';

const views = parseAbi([
  'function getUserAccountData(address) view returns (uint256 collateral, uint256 debt, uint256, uint256, uint256, uint256 healthFactor)',
  'function getVirtualUnderlyingBalance(address asset) view returns (uint128)',
  'function balanceOf(address holder) view returns (uint256)',
]);

/** What came up in sequences of deals. */
export type SequencesSeen = {
  sequences: number;
  deals: number;
  /** Deals of an account after another of it. */
  followed: number;
  /** Deals that were cut below what was asked for, or were gone, since deals before them had left too little. */
  cut: number;
  gone: number;
  /** Deals that were larger than they had been offered, since a repayment had brought something. */
  grown: number;
  sameAsset: number;
};

/**
 * Random deals of several accounts, one after the other in one block: each as the view after the ones before it fits it.
 * Asserts that the chain's events, the accounts' health and the reserves' liquidity afterwards are what the views say.
 *
 * @param view - of the block's second, on the newest state
 */
export async function playSequences(
  rig: Rig,
  view: View,
  keys: readonly Address[],
  rng: Random,
  count: number,
): Promise<SequencesSeen> {
  const seen: SequencesSeen = { sequences: 0, deals: 0, followed: 0, cut: 0, gone: 0, grown: 0, sameAsset: 0 };
  const offered = view.deals(keys);
  for (let played = 0; played < count; played++) {
    const { deals, last } = invent(view, offered, rng, 2 + Math.floor(rng.between(0, 5)), seen);
    if (deals.length < 2) continue;
    await compare(rig, view, deals, last);
    seen.sequences++;
    seen.deals += deals.length;
    seen.sameAsset += deals.filter(({ spend, gain }) => spend!.asset === gain!.asset).length;
  }
  return seen;
}

/**
 * One asset falls, and another further: those who owe the one against the other are under water beside those who hold it, and
 * bring what is seized of these.
 */
export async function crossPrices(rig: Rig, rng: Random, one: AssetSymbol, other: AssetSymbol): Promise<void> {
  const fall = (symbol: AssetSymbol, low: number, high: number) =>
    rig.setFeed(symbol, BigInt(Math.round(Number(assets[symbol].price) * rng.between(low, high))));
  await fall(one, 0.75, 0.95);
  await fall(other, 0.45, 0.6);
}

/** Asserts that enough of everything came up. */
export function expectEnough(version: string, played: readonly SequencesSeen[], sequences: number): void {
  const names = Object.keys(played[0]!) as (keyof SequencesSeen)[];
  const total = Object.fromEntries(
    names.map((name) => [name, played.reduce((sum, each) => sum + each[name], 0)]),
  ) as SequencesSeen;
  console.log(`sequences ${version}: ${JSON.stringify(total)}`);
  expect(total.sequences).toBeGreaterThanOrEqual(sequences);
  for (const [kind, times] of Object.entries(total)) expect(times, kind).toBeGreaterThan(0);
}

/** Up to `length` deals in a row, and the view after the last. */
function invent(view: View, offered: readonly Deal[], rng: Random, length: number, seen: SequencesSeen) {
  const scarce = offered.filter(({ draws }) => draws.some(({ on, amount }) => amount * 4n > view.stock(on)));
  const short = new Set(scarce.flatMap(({ draws }) => draws.flatMap(({ on, amount }) => (amount > 0n ? [on] : []))));
  const bringing = offered.filter(({ draws }) => draws.some(({ on, amount }) => amount < 0n && short.has(on)));
  const deals: Deal[] = [];
  let here = view;
  for (let tries = 0; tries < 4 * length && deals.length < length; tries++) {
    const kind = rng.next();
    const among = kind < 0.5 ? scarce : kind < 0.75 ? bringing : offered;
    const [wanted] = rng.pick(among.length > 0 ? among : offered, 1);
    if (!wanted) break;
    // Of an account that had one, what its after-view offers.
    const before = deals.some(({ claims }) => claims[0] === wanted.claims[0]);
    const [deal] = before ? rng.pick(here.deals([wanted.subjects[0]!.key]), 1) : [wanted];
    if (!deal) continue;
    const asked = rng.next() < 0.4 ? part(deal.spend!.amount, rng) : undefined;
    const fitted = here.fit(deal, asked);
    if (!fitted) {
      if (view.fit(deal, asked)) seen.gone++;
      continue;
    }
    const { amount } = fitted.spend!;
    if (before) seen.followed++;
    else if (asked === undefined && amount < deal.spend!.amount) seen.cut++;
    else if (asked === undefined && amount > deal.spend!.amount) seen.grown++;
    deals.push(fitted);
    here = here.after(fitted);
  }
  return { deals, last: here };
}

const part = (amount: bigint, rng: Random): bigint => (amount * BigInt(Math.floor(rng.between(50, 1000)))) / 1000n;

/** Makes the calls in one block on top of the newest, which is not kept, and reads the chain behind them. */
async function compare(rig: Rig, view: View, deals: readonly Deal[], last: View): Promise<void> {
  const { pool } = rig;
  const touched = [...new Set(deals.map(({ subjects }) => subjects[0]!.key))];
  const healths = touched.map((account) => ({
    to: pool.address,
    data: encodeFunctionData({ abi: views, functionName: 'getUserAccountData', args: [account] }),
  }));
  const liquidities = pool.assets.map(({ address, aToken }) =>
    pool.rules.virtualAccounting === 'none'
      ? { to: address, data: encodeFunctionData({ abi: views, functionName: 'balanceOf', args: [aToken] }) }
      : {
          to: pool.address,
          data: encodeFunctionData({ abi: views, functionName: 'getVirtualUnderlyingBalance', args: [address] }),
        },
  );
  const calls = [...deals.map((deal) => callOf(view, deal)), ...healths, ...liquidities];
  const answers = await simulate(rig, calls, view.moment.timestamp);
  for (const [index, deal] of deals.entries()) {
    const { status, logs } = answers[index]!;
    if (status !== '0x1') throw new Error(`the Pool refused deal ${index} of ${deals.map(({ id }) => id).join(', ')}`);
    expect(outcomeOf(logs, deal)).toEqual(claimOf(deal));
  }
  for (const [index, account] of touched.entries()) {
    const { returnData } = answers[deals.length + index]!;
    const theirs = decodeFunctionResult({ abi: views, functionName: 'getUserAccountData', data: returnData });
    const ours = last.health(account);
    // Nothing is known of an account that nothing can follow of.
    if ('error' in ours) continue;
    expect([ours.collateralBase, ours.debtBase, ours.healthFactor]).toEqual([theirs[0], theirs[1], theirs[5]]);
  }
  for (const [index, { address }] of pool.assets.entries()) {
    const { returnData } = answers[deals.length + touched.length + index]!;
    expect(last.stock(`${view.market}/liquidity/${address}`)).toBe(BigInt(returnData));
  }
}

type Answer = { status: Hex; returnData: Hex; logs: SentLog[] };

async function simulate(rig: Rig, calls: readonly { to: Address; data: Hex }[], timestamp: bigint): Promise<Answer[]> {
  const gas = numberToHex(1_000_000);
  const blocks = [
    {
      blockOverrides: { time: numberToHex(timestamp) },
      calls: calls.map((call) => ({ from: liquidator, gas, ...call })),
    },
  ];
  const [block] = (await rig.client.request({
    method: 'eth_simulateV1',
    params: [{ blockStateCalls: blocks }, 'latest'],
  } as never)) as [{ calls: Answer[] }];
  return block.calls;
}
