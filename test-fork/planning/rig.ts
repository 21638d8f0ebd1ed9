import {
  type Address,
  decodeFunctionResult,
  type Hash,
  type Log,
  type PublicClient,
  parseEventLogs,
  type TransactionReceipt,
} from 'viem';
import { liquidatorAbi } from '../../keeper/src/bindings.ts';
import type { V2Factory } from '../../keeper/src/config/chains.ts';
import { type Plan, readTally } from '../../keeper/src/contract/plan.ts';
import { planData } from '../../keeper/src/execution/rehearse.ts';
import { marketPrices, poolPrice } from '../../keeper/src/planning/fill-prices.ts';
import { openFunding } from '../../keeper/src/planning/funding.ts';
import { mostGas, planGasLimit } from '../../keeper/src/planning/gas.ts';
import type { Situation } from '../../keeper/src/planning/situation.ts';
import { fillPrices, openPriceBook } from '../../keeper/src/prices/book.ts';
import { aaveV3 } from '../../keeper/src/protocols/aave-v3/index.ts';
import type { Account, BlockRef, Deal, Market, MarketState, View } from '../../keeper/src/protocols/protocol.ts';
import { type MarketPools, openMarketPools } from '../../keeper/src/venues/market-pools.ts';
import { openScene, type Scene } from '../harness/scene.ts';

/** A forked lab with a Liquidator, and market and pools as the keeper sees them. */
export type Rig = {
  scene: Scene;
  client: PublicClient;
  market: Market;
  pools: MarketPools;
  /** Everything at a block, for plans that land at its moment. */
  look(accounts: readonly Address[], change?: Partial<Situation>): Promise<Sight>;
  /** What `execute` returns for a plan at a timestamp, on the state after `head`. */
  call(plan: Plan, head: BlockRef, timestamp: bigint): Promise<bigint>;
  /** Sends plans in one block at a timestamp, and gives what their events say. */
  sendAll(plans: readonly Plan[], timestamp: bigint): Promise<Landed[]>;
  /** Gas that a node estimates for it. */
  gas(plan: Plan): Promise<bigint>;
};

/** What there is at a head. */
export type Sight = {
  situation: Situation;
  deals: Deal[];
  view: View;
  state: MarketState;
  accounts: ReadonlyMap<Address, Account>;
  head: BlockRef;
  /** Seconds: when plans land. */
  timestamp: bigint;
};

/** What became of a plan that was sent. */
type Landed = { value: bigint; landed: number; gas: bigint; receipt: TransactionReceipt; logs: readonly Log[] };

/** Gas limit of a transaction that is sent: all that one may have. */
const PLAN_GAS = 16_700_000n;

/** Wei per gas that plans are chosen at unless a test says otherwise. */
export const GAS_PRICE = 2n * 10n ** 9n;

export const openRig = async (url: string): Promise<Rig> => rigOn(await openScene(url));

/** @param v2 - factories of pairs to sell to besides */
export async function rigOn(scene: Scene, v2: readonly V2Factory[] = []): Promise<Rig> {
  const client = scene.client as unknown as PublicClient;
  const { directory, operator, liquidator } = scene;
  // The scene sends at a price of gas that nobody pays.
  await scene.client.setBalance({ address: operator, value: 10n ** 24n });
  const weth = directory.tokens.WETH.address;
  const market = await aaveV3.open(client, directory.aave.pool, { liquidator, wrappedNative: weth });
  const tokens = market.assets.map(({ address }) => address);
  const pools = await openMarketPools(client, { v3: directory.uniswapV3.factory, v2 }, tokens, weth);
  const request = (plan: Plan) => ({ account: operator, to: liquidator, data: planData(plan) });

  return {
    scene,
    client,
    market,
    pools,
    async look(accounts, change = {}) {
      const { number, hash, timestamp: then, gasLimit } = await client.getBlock();
      const head = { number: number!, hash: hash!, timestamp: then };
      const timestamp = then + 12n;
      const state = await market.read(client, head);
      const read = await market.readAccounts(client, state, accounts);
      const view = market.at(state, (key) => read.get(key), { timestamp, number: head.number + 1n });
      const every = tokens.flatMap((a) => tokens.map((b) => [a, b] as const));
      const states = await pools.read(every, head);
      const views = new Map([[view.market, view]]);
      const found = [...pools.graph.values()].flat().flatMap(({ address }) => states.get(address) ?? []);
      const oracle = marketPrices(view, market.assets, weth);
      const situation: Situation = {
        native: weth,
        views,
        drawn: new Map(),
        priceOf: fillPrices(openPriceBook(weth), [oracle], tokens, () => found.map(poolPrice)),
        lend: openFunding(views, pools.graph, states),
        graph: pools.graph,
        pools: states,
        hubs: pools.hubs,
        gasPrice: GAS_PRICE,
        bytePrice: 0n,
        stale: 0n,
        loss: 0n,
        slippage: 50n,
        minProfit: 0n,
        limits: { gas: planGasLimit(mostGas(gasLimit)), legs: 120 },
        ...change,
      };
      return { situation, deals: view.deals([...read.keys()]), view, state, accounts: read, head, timestamp };
    },
    async call(plan, head, timestamp) {
      const blockOverrides = { time: timestamp };
      const { data } = await client.call({ ...request(plan), blockNumber: head.number, blockOverrides });
      return decodeFunctionResult({ abi: liquidatorAbi, functionName: 'execute', data: data ?? '0x' });
    },
    async sendAll(plans, timestamp) {
      await scene.client.setAutomine(false);
      const hashes: Hash[] = [];
      for (const plan of plans) hashes.push(await scene.send(operator, liquidator, planData(plan), PLAN_GAS));
      await scene.client.setNextBlockTimestamp({ timestamp });
      await scene.client.mine({ blocks: 1 });
      await scene.client.setAutomine(true);
      return Promise.all(
        hashes.map(async (hash) => {
          const receipt = await client.waitForTransactionReceipt({ hash });
          const { logs, gasUsed: gas } = receipt;
          const [done] = parseEventLogs({ abi: liquidatorAbi, logs, eventName: 'PlanExecuted' });
          if (!done) throw new Error(`the plan of ${hash} reverted`);
          return { value: done.args.value, landed: readTally(done.args.tally).landed, gas, receipt, logs };
        }),
      );
    },
    gas: (plan) => client.estimateGas(request(plan)),
  };
}
