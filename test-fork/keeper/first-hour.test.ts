import { type Address, encodeErrorResult, type Hash, parseEther, toFunctionSelector } from 'viem';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { liquidatorAbi } from '../../keeper/src/bindings.ts';
import { isRehearsal, type RpcProxy, startProxy } from '../harness/proxy.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { statusOf } from '../harness/told.ts';
import { setPrice } from '../lab/chain.ts';

const ACCOUNTS = 4;
const SLOT0 = toFunctionSelector('slot0()').slice(2);

describe('accounts under water, and an operator who looks for the first time', () => {
  let scene: Scene;
  let proxy: RpcProxy;
  const accounts: Address[] = [];

  beforeAll(async () => {
    scene = await openScene(inject('labUrl'));
    proxy = await startProxy(scene.url);
    for (let n = 1; n <= ACCOUNTS; n++) {
      const wanted = { collateral: { WETH: n * n }, debt: { USDC: 1_600 * n * n } };
      accounts.push(await openAccount(scene, `first hour ${n}`, wanted));
    }
    await setPrice(scene, 'WETH', 1_920n * 10n ** 8n);
    await scene.client.setAutomine(false);
  });
  afterEach(() => {
    proxy.intercept = () => undefined;
  });
  afterAll(async () => {
    await scene?.stop();
    await proxy?.stop();
  });

  const lastLine = (output: string) => output.trim().split('\n').at(-1);

  test('--once ends after a head that fails, with 1', async () => {
    proxy.intercept = ({ method, params }) =>
      method === 'eth_call' && JSON.stringify(params[0]).includes(SLOT0)
        ? { error: { code: -32_603, message: 'out of memory' } }
        : undefined;
    const keeper = scene.keeper(['--once'], proxy.url);
    expect(await keeper.ended).toBe(1);
    expect(keeper.lines.filter(({ msg }) => String(msg).startsWith('this head is given up'))).toHaveLength(1);
    expect(lastLine(keeper.output())).toBe('plimsoll: --once: the head failed; the lines above say why');
  });

  test('--once ends with 1 where nothing could be done; what stops everybody is one warning, with its cure', async () => {
    const data = encodeErrorResult({ abi: liquidatorAbi, errorName: 'NotOperator', args: [scene.operator] });
    proxy.intercept = (request) =>
      isRehearsal(request) ? { error: { code: 3, message: 'execution reverted', data } } : undefined;
    const keeper = scene.keeper(['--once', '--max-legs', '1'], proxy.url);
    expect(await keeper.ended).toBe(1);
    // The lab's clock stands still, which the keeper tells too.
    const warned = keeper.lines.filter(({ level, msg }) => level === 'warn' && msg !== 'alarm');
    expect(warned.map(({ msg }) => msg)).toEqual([expect.stringContaining('setOperator(operator, true)')]);
    expect(warned[0]!.reason).toContain('NotOperator');
    expect(keeper.lines.filter(({ msg, level }) => msg === 'skipped' && level !== 'debug')).toEqual([]);
    expect(lastLine(keeper.output())).toMatch(
      /^plimsoll: --once: \d+ accounts are under water and nothing was done about any of them; the lines above say why$/,
    );
  });

  test('a keeper that is told to stop shows what was mined meanwhile as landed, and no more as on its way', async () => {
    const keeper = scene.keeper();
    const sent = await keeper.waitFor(({ msg }) => msg === 'sent');
    const stopped = keeper.stop();
    await keeper.waitFor(({ msg }) => msg === 'finishing what is on its way');
    await scene.client.mine({ blocks: 1 });
    expect(await stopped).toBe(0);

    const { snapshot, attempts } = (await statusOf(keeper)) as unknown as {
      snapshot: { inFlight: unknown[] };
      attempts: { state: string; hashes: Hash[]; value: string; fee: string; gas: string }[];
    };
    expect(snapshot.inFlight).toEqual([]);
    const attempt = attempts.find(({ hashes }) => hashes.includes(sent.hash as Hash))!;
    expect(attempt.state).toBe('landed');

    // The shares of the legs are the transaction's together, and the chain's.
    const receipt = await scene.client.getTransactionReceipt({ hash: sent.hash as Hash });
    const legs = keeper.lines.filter(({ msg, hash }) => msg === 'landed' && hash === sent.hash);
    expect(legs.length).toBeGreaterThanOrEqual(ACCOUNTS);
    const sum = (field: string) => legs.reduce((all, line) => all + parseEther(String(line[field])), 0n);
    expect(sum('fee')).toBe(receipt.gasUsed * receipt.effectiveGasPrice);
    expect(legs.reduce((all, { gas }) => all + BigInt(gas as string), 0n)).toBe(receipt.gasUsed);
    expect([sum('value'), sum('fee')]).toEqual([parseEther(attempt.value), parseEther(attempt.fee)]);
    expect(attempt.gas).toBe(String(receipt.gasUsed));
    // Each its own: of an account of sixteen times the size half may be repaid, of the small one all.
    const of = (account: Address | undefined) => legs.find((line) => line.account === account)!;
    const times = Number(of(accounts[3]).value) / Number(of(accounts[0]).value);
    expect(times).toBeGreaterThan(7);
    expect(times).toBeLessThan(9);
  });
});
