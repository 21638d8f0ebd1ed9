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
import { aaveV3 } from '../../keeper/src/protocols/aave-v3/index.ts';
import type { AavePool } from '../../keeper/src/protocols/aave-v3/pool.ts';
import type { AaveState } from '../../keeper/src/protocols/aave-v3/state.ts';
import type { Account, BlockRef, Option } from '../../keeper/src/protocols/protocol.ts';
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
  const market = await aaveV3.open(client, pool);

  /** Reads the market and its borrowers at `block`; by default those of Aave 3.6. */
  const read = async (block: BlockRef, borrowers: readonly Address[] = directory.borrowers, of = market) => {
    const state = await aaveV3.readMarket(client, of, block);
    return { state, accounts: await aaveV3.readAccounts(client, of, state, borrowers) };
  };
  const rig = { lab, client, market, send, head, mineAt, undone, setFeed, read };
  return {
    ...rig,
    /** What the Pool does with an option, in a block at `timestamp` that is undone again; throws when it refuses. */
    liquidate: (option: Option, timestamp: bigint) =>
      undone(async () => {
        await lab.client.setNextBlockTimestamp({ timestamp });
        return liquidation(market, option, (to, data) => transact(liquidator, to, data));
      }),
    /** Asserts that the health of every account equals the Pool's as of `block`, and returns how many there are. */
    compareHealth: (
      state: AaveState,
      accounts: ReadonlyMap<Address, Account>,
      block: BlockRef,
      of: AavePool = market,
    ) => compareHealth(lab, of, state, accounts, block),
  };
}

async function liquidation(
  market: AavePool,
  option: Option,
  transact: (to: Address, data: Hex) => Promise<Receipt>,
): Promise<{ repay: bigint; seized: bigint }> {
  const leg = aaveV3.leg(market, option);
  const args = [leg.collateral, option.debtAsset, leg.borrower, leg.repay, false] as const;
  const receipt = await transact(leg.market, encodeFunctionData({ abi, functionName: 'liquidationCall', args }));
  if (receipt.status !== '0x1') throw new Error(`the Pool refused ${Object.values(option)}`);
  const [event] = parseEventLogs({ abi, logs: receipt.logs as never, eventName: 'LiquidationCall' });
  expect(event!.args.user).toBe(option.account);
  expect(receipt.logs.flatMap((log) => aaveV3.discovery(market).accounts(log))).toContain(option.account.toLowerCase());
  return { repay: event!.args.debtToCover, seized: event!.args.liquidatedCollateralAmount };
}

async function compareHealth(
  lab: Lab,
  market: AavePool,
  state: AaveState,
  accounts: ReadonlyMap<Address, Account>,
  block: BlockRef,
): Promise<number> {
  const directory = { ...lab.directory, aave: { ...lab.directory.aave, pool: market.address } };
  const theirs = await healthOf({ client: lab.client, directory }, [...accounts.keys()], block.number);
  for (const { account, healthFactor, totalCollateralBase, totalDebtBase } of theirs) {
    expect(aaveV3.health(market, state, accounts.get(account)!, block.timestamp)).toEqual({
      healthFactor,
      underwater: healthFactor < 10n ** 18n,
      collateralBase: totalCollateralBase,
      debtBase: totalDebtBase,
    });
  }
  return theirs.length;
}
