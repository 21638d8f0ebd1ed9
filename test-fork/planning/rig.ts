import { type Address, decodeFunctionResult, type Hash, type Hex, type PublicClient, parseEventLogs } from 'viem';
import { liquidatorAbi } from '../../keeper/src/bindings.ts';
import type { V2Factory } from '../../keeper/src/config/chains.ts';
import { planData } from '../../keeper/src/execution/rehearse.ts';
import { type Plan, readTally } from '../../keeper/src/contract/plan.ts';
import { openFunding } from '../../keeper/src/planning/funding.ts';
import { planGasLimit } from '../../keeper/src/planning/gas.ts';
import { pricesIn } from '../../keeper/src/planning/pricing.ts';
import type { Candidate, Situation } from '../../keeper/src/planning/situation.ts';
import { aaveV3 } from '../../keeper/src/protocols/aave-v3/index.ts';
import type { AaveMarket } from '../../keeper/src/protocols/aave-v3/market.ts';
import type { AaveState } from '../../keeper/src/protocols/aave-v3/state.ts';
import type { BlockRef, Protocol } from '../../keeper/src/protocols/protocol.ts';
import { type MarketPools, openMarketPools } from '../../keeper/src/venues/market-pools.ts';
import { openScene, type Scene } from '../harness/scene.ts';

/** A forked lab with a Liquidator, and market and pools as the keeper sees them. */
export type Rig = {
  scene: Scene;
  client: PublicClient;
  market: AaveMarket;
  pools: MarketPools;
  /** Everything at a block, for plans that land at `timestamp`. */
  look(accounts: readonly Address[], change?: Partial<Situation>): Promise<View>;
  /** What `execute` returns for a plan at a timestamp, on the state after `head`. */
  call(plan: Plan, head: BlockRef, timestamp: bigint): Promise<bigint>;
  /** Sends plans in one block at a timestamp, and gives what their events say. */
  sendAll(plans: readonly Plan[], timestamp: bigint): Promise<{ value: bigint; landed: number; gas: bigint }[]>;
  /** Gas that a node estimates for it. */
  gas(plan: Plan): Promise<bigint>;
};

export type View = { situation: Situation; candidates: Candidate[]; state: AaveState; head: BlockRef };

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
  const market = await aaveV3.open(client, directory.aave.pool);
  const weth = directory.tokens.WETH.address;
  const tokens = market.assets.map(({ address }) => address);
  const pools = await openMarketPools(client, { v3: directory.uniswapV3.factory, v2 }, tokens, weth);
  const request = (plan: Plan) => ({ account: operator, to: liquidator, data: planData(plan) as Hex });

  return {
    scene,
    client,
    market,
    pools,
    async look(accounts, change = {}) {
      const { number, hash, timestamp: then, gasLimit } = await client.getBlock();
      const head = { number: number!, hash: hash!, timestamp: then };
      const timestamp = then + 12n;
      const state = await aaveV3.readMarket(client, market, head);
      const read = await aaveV3.readAccounts(client, market, state, accounts);
      const candidates = [...read.values()].flatMap((account): Candidate[] => {
        const options = aaveV3.options(market, state, account, timestamp);
        return options.length > 0 ? [{ account, state, options }] : [];
      });
      const every = tokens.flatMap((a) => tokens.map((b) => [a, b] as const));
      const states = await pools.read(every, head);
      const native = { token: weth, base: aaveV3.price(market, state, weth)!.base };
      const situation: Situation = {
        protocol: aaveV3 as Protocol,
        market,
        timestamp,
        priceOf: pricesIn(aaveV3 as Protocol, market, state, native),
        lend: openFunding(aaveV3.lender(market, state), pools.graph, states),
        graph: pools.graph,
        pools: states,
        hubs: pools.hubs,
        gasPrice: GAS_PRICE,
        bytePrice: 0n,
        stale: 0n,
        loss: 0n,
        slippage: 50n,
        minProfit: 0n,
        limits: { gas: planGasLimit(gasLimit), legs: 120 },
        ...change,
      };
      return { situation, candidates, state, head };
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
          const { logs, gasUsed: gas } = await client.waitForTransactionReceipt({ hash });
          const [done] = parseEventLogs({ abi: liquidatorAbi, logs, eventName: 'PlanExecuted' });
          if (!done) throw new Error(`the plan of ${hash} reverted`);
          return { value: done.args.value, landed: readTally(done.args.tally).landed, gas };
        }),
      );
    },
    gas: (plan) => client.estimateGas(request(plan)),
  };
}
