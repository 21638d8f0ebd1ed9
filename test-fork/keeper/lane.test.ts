import { type Address, encodeFunctionData, type Hash, parseAbi, parseEther } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { holdings } from '../demo/check.ts';
import { endOf, taken } from '../harness/blocks.ts';
import type { KeeperProcess, LogLine } from '../harness/keeper.ts';
import { openAccount, openScene, type Scene, setFeed } from '../harness/scene.ts';
import { labAddress } from '../lab/borrowers.ts';
import { mint, setPrice } from '../lab/chain.ts';

const GWEI = 10n ** 9n;
const CRASHED = 1_700n * 10n ** 8n;
const abi = parseAbi([
  'function approve(address spender, uint256 amount)',
  'function liquidationCall(address collateral, address debt, address user, uint256 debtToCover, bool receiveAToken)',
]);

let scene: Scene;
/** Owes more than anybody else in the lab: what pays best, and so what is sent first. */
let whale: Address;
let snapshot: `0x${string}`;
beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  whale = await openAccount(scene, 'whale', { collateral: { WETH: 1_000 }, debt: { USDC: 1_450_000 } });
  await setPrice(scene, 'WETH', CRASHED);
  await scene.client.setAutomine(false);
});
afterAll(() => scene?.stop());
/** A test that failed leaves its keeper behind, which would send beside the next one's. */
let keeper: KeeperProcess | undefined;
const start = (...flags: string[]) => {
  keeper = scene.keeper([...flags, '--max-legs', '1']);
  return keeper;
};
afterEach(async () => {
  keeper?.child.kill('SIGKILL');
  await keeper?.ended;
});
beforeEach(async () => {
  if (snapshot) await scene.client.revert({ id: snapshot });
  snapshot = await scene.client.snapshot();
  await scene.client.request({ method: 'anvil_dropAllTransactions' } as never);
});

/** Mines a block at a base fee (wei per gas), once the keeper, if one runs, is done with the one before. */
async function mineAt(baseFee: bigint): Promise<void> {
  if (keeper?.child.exitCode === null && !keeper.child.killed) await taken(scene, keeper);
  await scene.client.setNextBlockBaseFeePerGas({ baseFeePerGas: baseFee });
  await scene.client.mine({ blocks: 1 });
}

/** The next line of a kind, after those that have been read already. */
function reader(keeper: KeeperProcess) {
  const read = new Set<LogLine>();
  return async (...kinds: string[]): Promise<LogLine & { hash: Hash; nonce: number; reason: string }> => {
    const line = await keeper.waitFor((each) => kinds.includes(each.msg) && !read.has(each));
    read.add(line);
    return line as Awaited<ReturnType<ReturnType<typeof reader>>>;
  };
}

describe('one lane, one transaction at a time', () => {
  test('stuck: bumped within the profit, then left to wait, as nothing costs more than it saves', async () => {
    const { client, operator } = scene;
    const keeper = start('--max-in-flight', '1', '--bump-after-blocks', '1');
    const next = reader(keeper);
    const sent = await next('sent');
    expect(sent.account).toBe(whale);
    const first = await client.getTransaction({ hash: sent.hash });
    const budget = parseEther(sent.value as string);
    expect(first.maxFeePerGas! * BigInt(sent.gas as string)).toBeLessThanOrEqual(budget);

    await mineAt(first.maxFeePerGas! * 2n);
    const bumped = await next('bumped', 'cancelling', 'stuck');
    expect(bumped.msg).toBe('bumped');
    const second = await client.getTransaction({ hash: bumped.hash });
    expect([second.nonce, second.input, second.from]).toEqual([first.nonce, first.input, first.from]);
    expect(second.maxFeePerGas!).toBeGreaterThan(first.maxFeePerGas!);
    expect(second.maxFeePerGas! * BigInt(sent.gas as string)).toBeLessThanOrEqual(budget);

    // No fee that it can pay gets it in, and taking it back would burn more than its failure: it waits until gas is cheap again.
    const tooMuch = (budget / BigInt(sent.gas as string)) * 2n;
    await mineAt(tooMuch);
    const stuck = await next('bumped', 'cancelling', 'stuck');
    expect([stuck.msg, stuck.reason]).toEqual([
      'stuck',
      'a higher fee would cost more than the plan earns; taking it back would cost more than it saves',
    ]);
    await mineAt(GWEI);
    await mineAt(GWEI);
    const landed = await next('landed');
    expect([landed.account, (await client.getTransaction({ hash: landed.hash })).nonce]).toEqual([whale, first.nonce]);
    expect(await client.getTransactionCount({ address: operator })).toBe(first.nonce + 1);
    expect(await endOf(scene, keeper)).toBe(0);
  });

  test('stuck and the price is back: cancelled, since it would revert now', async () => {
    const { client } = scene;
    const keeper = start('--max-in-flight', '1', '--bump-after-blocks', '1');
    const next = reader(keeper);
    const { maxFeePerGas, nonce } = await client.getTransaction({ hash: (await next('sent')).hash });
    await setFeed(scene, 'WETH', 2_000n * 10n ** 8n);
    await mineAt(maxFeePerGas! * 2n);
    const cancelling = await next('bumped', 'cancelling', 'stuck');
    expect(cancelling.msg).toBe('cancelling');
    expect(cancelling.reason).toMatch(/^it would revert now: /);
    await mineAt(GWEI);
    await next('cancelled');
    expect(await client.getTransactionCount({ address: scene.operator })).toBe(nonce + 1);
    expect(await holdings(scene, scene.treasury)).toEqual(await holdings(scene, scene.liquidator));
    expect(await endOf(scene, keeper)).toBe(0);
  });

  test('--max-gas-price is never exceeded; it waits and lands when gas is cheap again', async () => {
    const { client } = scene;
    await mineAt(GWEI);
    const keeper = start('--max-in-flight', '1', '--bump-after-blocks', '1', '--max-gas-price', '3');
    const next = reader(keeper);
    const sent = await next('sent');
    expect((await client.getTransaction({ hash: sent.hash })).maxFeePerGas!).toBeLessThanOrEqual(3n * GWEI);
    await mineAt(40n * GWEI);
    const stuck = await next('bumped', 'cancelling', 'stuck');
    expect([stuck.msg, stuck.reason]).toEqual(['stuck', '--max-gas-price is reached']);
    // The node drops what does not pay its base fee: it is handed over again, as it was.
    await mineAt(GWEI);
    await mineAt(GWEI);
    expect((await next('landed')).hash).toBe(sent.hash);
    expect(await endOf(scene, keeper)).toBe(0);
  });

  test('a rival first in the same block: lost, and nothing is lost but gas', async () => {
    const { client, directory, liquidator, treasury } = scene;
    const rival = labAddress(0, 'rival');
    await client.setBalance({ address: rival, value: 10n ** 22n });
    const { USDC, WETH } = directory.tokens;
    await mint(scene, 'USDC', rival, 2_000_000n * 10n ** 6n);
    const before = await holdings(scene, treasury);
    const { pool } = directory.aave;
    await scene.send(
      rival,
      USDC.address,
      encodeFunctionData({ abi, functionName: 'approve', args: [pool, 2n ** 256n - 1n] }),
    );
    await client.mine({ blocks: 1 });
    const keeper = start('--max-in-flight', '1');
    const next = reader(keeper);
    const sent = await next('sent');
    const args = [WETH.address, USDC.address, whale, 2n ** 256n - 1n, false] as const;
    // Its tip is higher, so its transaction comes first.
    await scene.send(rival, pool, encodeFunctionData({ abi, functionName: 'liquidationCall', args }));
    await client.mine({ blocks: 1 });
    const lost = await next('lost', 'reverted', 'landed');
    expect([lost.msg, lost.hash]).toEqual(['lost', sent.hash]);
    expect(lost.reason).toBe('HealthFactorNotBelowThreshold');
    expect(lost.revert).toBe('HealthFactorNotBelowThreshold()');
    expect(await holdings(scene, treasury)).toEqual(before);
    expect(Object.values(await holdings(scene, liquidator)).filter((amount) => amount !== 0n)).toEqual([]);
    expect(await endOf(scene, keeper)).toBe(0);
  });

  test('somebody else sends with the same key: not known what became of it, and the lane finds its nonce again', async () => {
    const { client, operator } = scene;
    const keeper = start('--max-in-flight', '1', '--bump-after-blocks', '50');
    const next = reader(keeper);
    const { nonce } = await client.getTransaction({ hash: (await next('sent')).hash });
    const other = privateKeyToAccount(scene.key);
    for (const used of [nonce, nonce + 1]) {
      const fees = { maxFeePerGas: 500n * GWEI, maxPriorityFeePerGas: 50n * GWEI };
      const transfer = { type: 'eip1559', chainId: 31337, to: operator, gas: 21_000n, nonce: used, ...fees } as const;
      await client.sendRawTransaction({ serializedTransaction: await other.signTransaction(transfer) });
    }
    for (let blocks = 0; blocks < 4; blocks++) await mineAt(GWEI);
    // A receipt may come late: that it never does is told when time has passed, and nothing waits for it.
    expect((await next('not known yet')).account).toBe(whale);
    await mineAt(GWEI);
    await mineAt(GWEI);
    const again = await next('sent');
    expect((await client.getTransaction({ hash: again.hash })).nonce).toBe(nonce + 2);
    await mineAt(GWEI);
    expect((await next('landed')).hash).toBe(again.hash);
    expect(await endOf(scene, keeper)).toBe(0);
  });
});

test('many at once: as many nonces, as many receipts', async () => {
  const { client } = scene;
  const count = 10;
  const keeper = start('--max-in-flight', String(count), '--once');
  await keeper.waitFor(({ msg }) => msg === 'wait for a free slot (--max-in-flight)');
  const hashes = keeper.lines.filter(({ msg }) => msg === 'sent').map(({ hash }) => hash as Hash);
  expect(hashes).toHaveLength(count);
  const transactions = await Promise.all(hashes.map((hash) => client.getTransaction({ hash })));
  const first = await client.getTransactionCount({ address: scene.operator });
  expect(transactions.map(({ nonce }) => nonce)).toEqual(Array.from({ length: count }, (_, index) => first + index));
  await client.mine({ blocks: 1 });
  const receipts = await Promise.all(hashes.map((hash) => client.getTransactionReceipt({ hash })));
  expect(receipts.map(({ status }) => status)).toEqual(hashes.map(() => 'success'));
  expect(await keeper.ended).toBe(0);
  expect(keeper.lines.filter(({ msg }) => msg === 'landed').map(({ hash }) => hash)).toEqual(hashes);
});
