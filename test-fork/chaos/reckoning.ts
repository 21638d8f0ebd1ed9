import { type Address, encodeFunctionData, type Hex, parseAbi } from 'viem';
import { person, RIVAL } from '../day/people.ts';
import { pricesNow } from '../day/prices.ts';
import type { Scene } from '../harness/scene.ts';
import { type AssetSymbol, assets, symbols } from '../lab/tokens.ts';

const abi = parseAbi([
  'function getUserAccountData(address) view returns (uint256, uint256, uint256, uint256, uint256, uint256)',
  'function getUserConfiguration(address) view returns (uint256)',
  'function getReservesList() view returns (address[])',
  'function balanceOf(address) view returns (uint256)',
  'function liquidationCall(address collateral, address debt, address user, uint256 debtToCover, bool receiveAToken)',
  'event LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)',
]);

const MAX = 2n ** 256n - 1n;
const WAD = 10n ** 18n;
/** People there may be in a day. */
const PEOPLE = 200;
/** Heads in a row under water before an account is due, and heads in which it must be liquidated then. */
const [DUE_AFTER, WITHIN] = [3, 10];
/** Gas of a liquidation that is sent alone, and what of what it seizes selling it may take, bps. */
const [GAS, SALE] = [700_000n, 100n];

type Due = { account: Address; worth: bigint; since: bigint };

/** What the node itself says of who is under water, whatever endpoints say. */
export type Reckoning = {
  /** Looks at the newest block. @param honest - whether somebody tells the truth of it */
  look(honest: boolean): Promise<void>;
  /** What blocks were replaced: it counts anew. */
  forget(): void;
  /** Who was due and was not liquidated in time. */
  readonly missed: readonly Due[];
  /** How many were due. */
  readonly due: number;
};

/** Begins at the newest block. */
export async function openReckoning(scene: Scene): Promise<Reckoning> {
  const { client, directory } = scene;
  const { pool } = directory.aave;
  const accounts = [...directory.borrowers, ...Array.from({ length: PEOPLE }, (_, index) => person(index))];
  const list = await client.readContract({ address: pool, abi, functionName: 'getReservesList' });
  const streaks = new Map<Address, number>();
  const open = new Map<Address, Due>();
  const missed: Due[] = [];
  let due = 0;

  return {
    missed,
    get due() {
      return due;
    },
    forget() {
      streaks.clear();
      open.clear();
    },
    async look(honest) {
      const number = await client.getBlockNumber({ cacheTime: 0 });
      const under = await underwater();
      const logs = await client.getLogs({ address: pool, event: abi[5], fromBlock: number, toBlock: number });
      for (const { args } of logs) open.delete(args.user!);
      for (const account of accounts) {
        if (!under.has(account)) {
          streaks.delete(account);
          open.delete(account);
          continue;
        }
        const streak = honest ? (streaks.get(account) ?? 0) + 1 : 0;
        streaks.set(account, streak);
        if (streak !== DUE_AFTER || open.has(account)) continue;
        const worth = await worthOf(account);
        const { baseFeePerGas } = await client.getBlock();
        if (worth < 2n * GAS * ((baseFeePerGas ?? 0n) + 2n * 10n ** 9n)) continue;
        open.set(account, { account, worth, since: number });
        due += 1;
      }
      for (const [account, one] of open) {
        if (number - one.since < BigInt(WITHIN)) continue;
        missed.push(one);
        open.delete(account);
      }
    },
  };

  async function underwater(): Promise<Set<Address>> {
    const contracts = accounts.map(
      (account) => ({ address: pool, abi, functionName: 'getUserAccountData', args: [account] }) as const,
    );
    const answers = await client.multicall({ contracts, batchSize: 100_000 });
    return new Set(accounts.filter((_, index) => (answers[index]?.result?.[5] ?? MAX) < WAD));
  }

  /** Wei that the best single liquidation by somebody with money of his own leaves at the oracle's prices, less a sale. */
  async function worthOf(account: Address): Promise<bigint> {
    const read = { address: pool, abi, functionName: 'getUserConfiguration', args: [account] } as const;
    const bits = await client.readContract(read);
    const at = (bit: number) => list.filter((_, id) => (bits >> BigInt(2 * id + bit)) & 1n);
    const prices = await pricesNow(scene);
    let best = 0n;
    for (const debt of at(0)) {
      for (const collateral of at(1)) {
        const moved = await tryOut(account, debt, collateral);
        if (!moved) continue;
        const value =
          usdOf(collateral, moved.seized, prices) * (10_000n - SALE) - usdOf(debt, moved.repaid, prices) * 10_000n;
        const wei = (value * WAD) / (prices.WETH * 10_000n);
        if (wei > best) best = wei;
      }
    }
    return best;
  }

  function usdOf(asset: Address, amount: bigint, prices: Record<AssetSymbol, bigint>): bigint {
    const symbol = symbols.find((each) => directory.tokens[each].address === asset)!;
    return (amount * prices[symbol]) / 10n ** BigInt(assets[symbol].decimals);
  }

  async function tryOut(account: Address, debt: Address, collateral: Address) {
    if (debt === collateral) return undefined;
    const held = (token: Address) => ({
      from: RIVAL,
      to: token,
      data: encodeFunctionData({ abi, functionName: 'balanceOf', args: [RIVAL] }),
    });
    const args = [collateral, debt, account, MAX, false] as const;
    const call = { from: RIVAL, to: pool, data: encodeFunctionData({ abi, functionName: 'liquidationCall', args }) };
    const calls = [held(debt), held(collateral), call, held(debt), held(collateral)];
    const asked = { method: 'eth_simulateV1', params: [{ blockStateCalls: [{ calls }] }, 'latest'] };
    const [block] = (await client.request(asked as never)) as { calls: { status: Hex; returnData: Hex }[] }[];
    const [debtBefore, before, done, debtAfter, after] = block!.calls;
    if (done!.status !== '0x1') return undefined;
    const by = (one: { returnData: Hex }, other: { returnData: Hex }) =>
      BigInt(one.returnData) - BigInt(other.returnData);
    return { repaid: by(debtBefore!, debtAfter!), seized: by(after!, before!) };
  }
}
