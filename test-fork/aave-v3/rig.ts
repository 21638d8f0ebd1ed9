import {
  type Address,
  encodeFunctionData,
  type Hex,
  numberToHex,
  type PublicClient,
  parseAbi,
  parseEventLogs,
} from 'viem';
import { expect } from 'vitest';
import { discovery } from '../../keeper/src/protocols/aave-v3/discovery.ts';
import { marketOf } from '../../keeper/src/protocols/aave-v3/index.ts';
import type { Liquidation } from '../../keeper/src/protocols/aave-v3/liquidations.ts';
import { type AavePool, readPool } from '../../keeper/src/protocols/aave-v3/pool.ts';
import type { AaveState } from '../../keeper/src/protocols/aave-v3/state.ts';
import type { BlockRef, Deal, View } from '../../keeper/src/protocols/protocol.ts';
import { forkLab, type Lab } from '../lab/anvil.ts';
import { labAddress } from '../lab/borrowers.ts';
import { healthOf, mint } from '../lab/chain.ts';
import { type AssetSymbol, assets } from '../lab/tokens.ts';

export const MAX = 2n ** 256n - 1n;
export const symbols = Object.keys(assets) as AssetSymbol[];
/** Holds and has approved more of every token than any liquidation needs. */
export const liquidator = labAddress(0, 'differential liquidator');

/** Everything the suites send, and the event they look for. */
export const abi = parseAbi([
  'function set(int256)',
  'function approve(address spender, uint256 amount)',
  'function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode)',
  'function borrow(address asset, uint256 amount, uint256 mode, uint16 referralCode, address onBehalfOf)',
  'function liquidationCall(address collateral, address debt, address user, uint256 debtToCover, bool receiveAToken)',
  'function setReservePause(address asset, bool paused, uint40 gracePeriod)',
  'event LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)',
]);

/** What is Aave's own of a deal. */
export const liquidationOf = ({ detail }: Deal): Liquidation => detail as Liquidation;

export type SentLog = { address: Address; topics: [Hex, ...Hex[]]; data: Hex };
type Receipt = { status: Hex; logs: SentLog[] };

/** A fork of the lab with a rich liquidator, and the market as the keeper sees it. */
export type Rig = Awaited<ReturnType<typeof createRig>>;

/** @param deployment the lab's market to be rigged: of Aave 3.6, or of 3.0 */
export async function createRig(url: string, deployment: 'aave' | 'aaveV30' = 'aave') {
  const lab: Lab = await forkLab({ url, anvil: { autoImpersonate: true } });
  const { directory } = lab;
  const { pool } = directory[deployment];
  const client = lab.client as unknown as PublicClient;

  const transact = async (from: Address, to: Address, data: Hex): Promise<Receipt> => {
    const transaction = { from, to, data, gas: numberToHex(3_000_000) };
    return (await lab.client.request({ method: 'eth_sendTransactionSync', params: [transaction] } as never)) as Receipt;
  };
  /** Sends a transaction that must succeed, from any address. */
  const send = async (from: Address, to: Address, data: Hex): Promise<void> => {
    const { status } = await transact(from, to, data);
    if (status !== '0x1') throw new Error(`${to} refused ${data.slice(0, 10)} of ${from}`);
  };
  const head = async (): Promise<BlockRef> => {
    const { number, hash, timestamp } = await lab.client.getBlock();
    return { number: number!, hash: hash!, timestamp };
  };
  /** Mines one empty block at `timestamp`. */
  const mineAt = async (timestamp: bigint): Promise<BlockRef> => {
    await lab.client.setNextBlockTimestamp({ timestamp });
    await lab.client.mine({ blocks: 1 });
    return head();
  };
  /** Runs `scene` and undoes all that it did. */
  const undone = async <T>(scene: () => Promise<T>): Promise<T> => {
    const id = await lab.client.snapshot();
    try {
      return await scene();
    } finally {
      await lab.client.revert({ id });
    }
  };
  const setFeed = (symbol: AssetSymbol, price: bigint) =>
    send(liquidator, directory.feeds[symbol], encodeFunctionData({ abi, functionName: 'set', args: [price] }));

  await lab.client.setBalance({ address: liquidator, value: 10n ** 24n });
  for (const symbol of symbols) {
    const { address, decimals } = directory.tokens[symbol];
    await mint(lab, symbol, liquidator, 10n ** BigInt(decimals + 8));
    await send(liquidator, address, encodeFunctionData({ abi, functionName: 'approve', args: [pool, MAX] }));
  }
  const opened = await readPool(client, pool);

  /** Reads a market and its borrowers at `block`; by default those of the lab, at the Pool as it was first read. */
  const read = async (block: BlockRef, borrowers: readonly Address[] = directory.borrowers, of = opened) => {
    const market = marketOf(of);
    const state = (await market.read(client, block)) as AaveState;
    const accounts = await market.readAccounts(client, state, borrowers);
    const view = (timestamp: bigint): View =>
      market.at(state, (key) => accounts.get(key), { timestamp, number: block.number + 1n });
    return { state, accounts, view };
  };
  return {
    ...{ lab, client, pool: opened, send, head, mineAt, undone, setFeed, read },
    /** What the Pool does with a deal, in a block at `timestamp` that is undone again; throws when it refuses. */
    liquidate: (view: View, deal: Deal, timestamp = view.moment.timestamp) =>
      undone(async () => {
        await lab.client.setNextBlockTimestamp({ timestamp });
        return liquidation(opened, callOf(view, deal), deal, (to, data) => transact(liquidator, to, data));
      }),
    /** Asserts that the health of accounts in a view equals the Pool's as of a block, and returns how many there are. */
    compareHealth: (view: View, keys: Iterable<Address>, block: BlockRef) =>
      compareHealth(lab, pool, view, [...keys], block),
  };
}

/** The call of the Pool that a deal's leg stands for. */
export function callOf(view: View, deal: Deal): { to: Address; data: Hex } {
  const { leg } = view.legs([[deal]])[0]![0]!;
  const args = [leg.collateral, deal.spend!.asset, leg.borrower, leg.repay, false] as const;
  return { to: leg.market, data: encodeFunctionData({ abi, functionName: 'liquidationCall', args }) };
}

/** What the Pool's event says that was paid and seized. */
export function outcomeOf(logs: readonly SentLog[], deal: Deal): { repay: bigint; seized: bigint } {
  const [event] = parseEventLogs({ abi, logs: logs as never, eventName: 'LiquidationCall' });
  const { args } = event!;
  expect([args.user.toLowerCase(), args.debtAsset, args.collateralAsset]).toEqual([
    deal.subjects[0]!.key,
    deal.spend!.asset,
    deal.gain!.asset,
  ]);
  return { repay: args.debtToCover, seized: args.liquidatedCollateralAmount };
}

/** What a deal says of that. */
export const claimOf = ({ spend, gain }: Deal) => ({ repay: spend!.amount, seized: gain!.amount });

async function liquidation(
  pool: AavePool,
  { to, data }: { to: Address; data: Hex },
  deal: Deal,
  transact: (to: Address, data: Hex) => Promise<Receipt>,
): Promise<{ repay: bigint; seized: bigint }> {
  const receipt = await transact(to, data);
  if (receipt.status !== '0x1') throw new Error(`the Pool refused ${Object.values(liquidationOf(deal))}`);
  const { accounts } = discovery(pool);
  expect(receipt.logs.flatMap((log) => accounts(log))).toContain(deal.subjects[0]!.key);
  return outcomeOf(receipt.logs, deal);
}

async function compareHealth(
  lab: Lab,
  pool: Address,
  view: View,
  keys: readonly Address[],
  block: BlockRef,
): Promise<number> {
  const directory = { ...lab.directory, aave: { ...lab.directory.aave, pool } };
  const theirs = await healthOf({ client: lab.client, directory }, keys, block.number);
  for (const { account, healthFactor, totalCollateralBase, totalDebtBase } of theirs) {
    expect(view.health(account)).toEqual({
      healthFactor,
      underwater: healthFactor < 10n ** 18n,
      collateralBase: totalCollateralBase,
      debtBase: totalDebtBase,
    });
  }
  return theirs.length;
}
