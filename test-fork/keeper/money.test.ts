import { type Address, getAddress, type Hash, type Hex, keccak256, parseEventLogs, parseTransaction } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { liquidatorAbi } from '../../keeper/src/bindings.ts';
import { lookInto, mineUntilDone, taken } from '../harness/blocks.ts';
import type { KeeperProcess } from '../harness/keeper.ts';
import { type RpcAnswer, type RpcProxy, type RpcRequest, startProxy } from '../harness/proxy.ts';
import { openScene, type Scene } from '../harness/scene.ts';
import { healthOf, setPrice } from '../lab/chain.ts';

// What a node says of money, and what it does not say, in front of a crash: 56 accounts under water.

const GWEI = 10n ** 9n;

let scene: Scene;
let proxy: RpcProxy;
let keeper: KeeperProcess | undefined;
let underwater: Address[];
let snapshot: Hex;
/** What the node answers in its own way. */
let intercept: (request: RpcRequest) => RpcAnswer | undefined;

beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  proxy = await startProxy(scene.url, (request) => intercept(request));
  await setPrice(scene, 'WETH', 1_700n * 10n ** 8n);
  const all = await healthOf(scene, scene.directory.borrowers);
  underwater = all.filter(({ healthFactor }) => healthFactor < 10n ** 18n).map(({ account }) => account);
  await scene.client.setAutomine(false);
});
afterAll(async () => {
  await scene?.stop();
  await proxy?.stop();
});
beforeEach(async () => {
  intercept = () => undefined;
  snapshot = await scene.client.snapshot();
});
afterEach(async () => {
  keeper?.child.kill('SIGKILL');
  await keeper?.ended;
  await scene.client.revert({ id: snapshot });
  await scene.client.request({ method: 'anvil_dropAllTransactions' } as never);
});

const start = (...flags: string[]): KeeperProcess => {
  keeper = scene.keeper(flags, proxy.url);
  return keeper;
};

async function mineAt(baseFee: bigint): Promise<void> {
  await scene.client.setNextBlockBaseFeePerGas({ baseFeePerGas: baseFee });
  await scene.client.mine({ blocks: 1 });
  await scene.client.setNextBlockBaseFeePerGas({ baseFeePerGas: baseFee });
}

/** The operator's transactions from a block on: what they earned, the tips in it, and whom they liquidated. */
async function mined(from: bigint) {
  const { client, operator, liquidator } = scene;
  const found = { earned: 0n, tips: 0n, landed: [] as Address[], hashes: [] as Hash[] };
  for (let number = from; number <= (await client.getBlockNumber({ cacheTime: 0 })); number++) {
    const { transactions, baseFeePerGas } = await client.getBlock({ blockNumber: number, includeTransactions: true });
    for (const { hash } of transactions.filter((one) => getAddress(one.from) === getAddress(operator))) {
      const { logs, gasUsed, effectiveGasPrice } = await client.getTransactionReceipt({ hash });
      const own = logs.filter(({ address }) => getAddress(address) === getAddress(liquidator));
      const parsed = parseEventLogs({ abi: liquidatorAbi, logs: own });
      for (const event of parsed) {
        if (event.eventName === 'PlanExecuted') found.earned += event.args.value;
        if (event.eventName === 'Liquidated') found.landed.push(event.args.borrower);
      }
      found.tips += gasUsed * (effectiveGasPrice - baseFeePerGas!);
      found.hashes.push(hash);
    }
  }
  return found;
}

test('a node that advises a tip of 5,000 gwei: not a hundredth of what is earned goes as tips', async () => {
  intercept = ({ method }) => (method === 'eth_maxPriorityFeePerGas' ? { result: '0x48c27395000' } : undefined);
  const from = await scene.client.getBlockNumber({ cacheTime: 0 });
  await mineUntilDone(scene, start());
  const { earned, tips, landed } = await mined(from);
  expect(new Set(landed).size).toBeGreaterThan(50);
  expect(tips * 100n).toBeLessThan(earned);
});

test('a node that takes no tip under 25 gwei: its words are read, and everybody lands', async () => {
  let refused = 0;
  intercept = ({ method, params }) => {
    if (method !== 'eth_sendRawTransaction') return undefined;
    const { maxPriorityFeePerGas: tip = 0n } = parseTransaction(params[0] as `0x02${string}`);
    if (tip >= 25n * GWEI) return undefined;
    refused += 1;
    const message = `transaction gas price below minimum: gas tip cap ${tip}, minimum needed 25000000000`;
    return { error: { code: -32_000, message } };
  };
  const from = await scene.client.getBlockNumber({ cacheTime: 0 });
  const running = start();
  await mineUntilDone(scene, running);
  expect(new Set((await mined(from)).landed).size).toBeGreaterThan(50);
  expect(refused).toBe(1);
});

test('with --min-priority-fee that node refuses nothing', async () => {
  const tips: bigint[] = [];
  intercept = ({ method, params }) => {
    if (method === 'eth_sendRawTransaction')
      tips.push(parseTransaction(params[0] as `0x02${string}`).maxPriorityFeePerGas ?? 0n);
    return undefined;
  };
  const running = start('--min-priority-fee', '25');
  await running.waitFor(({ msg }) => msg === 'sent');
  expect(tips.every((tip) => tip >= 25n * GWEI)).toBe(true);
});

test('--max-tx-cost bounds every transaction', async () => {
  const costs: bigint[] = [];
  intercept = ({ method, params }) => {
    if (method === 'eth_sendRawTransaction') {
      const { gas = 0n, maxFeePerGas = 0n } = parseTransaction(params[0] as `0x02${string}`);
      costs.push(gas * maxFeePerGas);
    }
    return undefined;
  };
  await mineAt(30n * GWEI);
  const running = start('--max-tx-cost', '0.1');
  for (let blocks = 0; blocks < 3; blocks++) {
    await taken(scene, running);
    await mineAt(30n * GWEI);
  }
  expect(costs.length).toBeGreaterThan(5);
  expect(costs.filter((cost) => cost > 10n ** 17n)).toEqual([]);
});

test('an endpoint that takes transactions and passes none on: what is released once costs next to nothing', async () => {
  const kept: Hex[] = [];
  intercept = ({ method, params }) => {
    const [first] = params;
    if (method === 'eth_sendRawTransaction') {
      kept.push(first as Hex);
      return { result: keccak256(first as Hex) };
    }
    const known = kept.find((raw) => keccak256(raw) === first);
    return method === 'eth_getTransactionByHash' && known ? { result: null } : undefined;
  };
  const running = start('--bump-after-blocks', '1', '--max-in-flight', '1');
  // A plan is good for three minutes, fifteen blocks here.
  for (let blocks = 0; blocks < 40; blocks++) {
    await taken(scene, running);
    await mineAt(GWEI);
  }
  const empty = kept.map((raw) => parseTransaction(raw as `0x02${string}`)).filter(({ gas }) => gas === 21_000n);
  expect(empty.length).toBeGreaterThan(0);
  for (const { maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } of empty) {
    expect(maxPriorityFeePerGas).toBeLessThan(60n * GWEI);
    expect(21_000n * maxFeePerGas).toBeLessThan(2n * 10n ** 15n);
  }
  // That it waits is told once while it is a plan and once while it is taken back, and not at every block.
  expect(running.lines.filter(({ msg }) => msg === 'stuck').length).toBeLessThanOrEqual(3);
});

test('receipts that come six blocks late: not known until then, and then the record is what the chain says', async () => {
  const { client } = scene;
  let late = true;
  intercept = ({ method }) => (late && method === 'eth_getTransactionReceipt' ? { result: null } : undefined);
  const from = await client.getBlockNumber({ cacheTime: 0 });
  const running = start();
  for (let blocks = 0; blocks < 7; blocks++) {
    await taken(scene, running);
    await client.mine({ blocks: 1 });
  }
  await running.waitFor(({ msg }) => msg === 'not known yet');
  expect(running.lines.filter(({ msg }) => msg === 'landed' || msg === 'replaced')).toEqual([]);
  late = false;
  await mineUntilDone(scene, running);
  const { landed, hashes } = await mined(from);
  expect(
    running.lines
      .filter(({ msg }) => msg === 'landed')
      .map(({ account }) => account)
      .sort(),
  ).toEqual([...landed].sort());
  const written = lookInto(running, (store) => hashes.flatMap((hash) => store.liquidations.of(hash)));
  expect(written.map(({ account }) => getAddress(account)).sort()).toEqual([...landed].sort());
  expect(lookInto(running, (store) => store.attempts.recent(100)).every(({ state }) => state === 'landed')).toBe(true);
});

test('--min-profit is of a transaction: everybody under water is counted, and shares one', async () => {
  const { client } = scene;
  const from = await client.getBlockNumber({ cacheTime: 0 });
  const running = start('--min-profit', '5');
  await mineUntilDone(scene, running);
  const head = running.lines.find(({ msg, underwater: count }) => msg === 'head' && Number(count) > 0);
  expect(head!.underwater).toBe(underwater.length);
  const { earned, landed } = await mined(from);
  expect(landed.length).toBeGreaterThan(50);
  expect(earned).toBeGreaterThan(5n * 10n ** 18n);
});
