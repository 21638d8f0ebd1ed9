import { type Address, parseAbiItem } from 'viem';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { KeeperProcess } from '../harness/keeper.ts';
import { type RpcProxy, startProxy } from '../harness/proxy.ts';
import { openScene, type Scene } from '../harness/scene.ts';
import { healthOf, setPrice } from '../lab/chain.ts';

const borrow = parseAbiItem(
  'event Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint8 interestRateMode, uint256 borrowRate, uint16 indexed referralCode)',
);
/** Methods that ask for state, and which of their parameters names the block. */
const STATE: Record<string, number> = { eth_getCode: 1, eth_getBalance: 1, eth_call: 1, eth_getStorageAt: 2 };

describe('an endpoint without old state, asked for a few blocks of logs at a time', () => {
  let scene: Scene;
  let proxy: RpcProxy;
  let keeper: KeeperProcess;
  let refused = 0;
  let borrowers: Set<Address>;
  let dormant: Address[];

  beforeAll(async () => {
    scene = await openScene(inject('labUrl'));
    const { client, directory } = scene;
    const logs = await client.getLogs({ address: directory.aave.pool, event: borrow, fromBlock: 0n });
    borrowers = new Set(logs.map(({ args }) => args.onBehalfOf!));
    // Those who borrowed first and have not been heard of since.
    const first = logs[0]!.blockNumber;
    const later = new Set(logs.filter(({ blockNumber }) => blockNumber > first).map(({ args }) => args.onBehalfOf!));
    const early = logs.filter(({ blockNumber }) => blockNumber === first).map(({ args }) => args.onBehalfOf!);
    const silent = [...new Set(early)].filter((account) => !later.has(account));
    dormant = [];
    for (let price = 1_700n; dormant.length === 0; price -= 100n) {
      await setPrice(scene, 'WETH', price * 10n ** 8n);
      const health = await healthOf(scene, silent);
      dormant = health.filter(({ healthFactor }) => healthFactor < 10n ** 18n).map(({ account }) => account);
    }
    const head = await client.getBlockNumber({ cacheTime: 0 });
    proxy = await startProxy(scene.url, ({ method, params }) => {
      const at = STATE[method] === undefined ? undefined : params[STATE[method]];
      if (typeof at !== 'string' || !at.startsWith('0x') || BigInt(at) >= head - 2n) return undefined;
      refused += 1;
      return { error: { code: -32_000, message: 'missing trie node: state is pruned' } };
    });
    keeper = scene.keeper(['--dry-run', '--once', '--log-range', '5', '--max-legs', '1'], proxy.url);
    expect(await keeper.ended).toBe(0);
  });
  afterAll(async () => {
    await scene?.stop();
    await proxy?.stop();
  });

  test('the search starts at block 0, says why, and finds every borrower', () => {
    expect(refused).toBeGreaterThan(0);
    const warning = keeper.lines.find(({ level }) => level === 'warn')!;
    expect(warning.msg).toBe('creation block unknown, searching from block 0; --from-block shortens it');
    expect(warning.reason).toMatch(/^the endpoint has no old state: .*missing trie node/);
    const line = keeper.lines.find(({ msg }) => msg === 'every borrower is read')!;
    expect([line.fromBlock, line.accounts]).toEqual(['0', borrowers.size]);
  });

  test('who borrowed in the first block and was silent since is found when under water', () => {
    const found = keeper.lines.filter(({ msg }) => msg === 'would liquidate' || msg === 'skipped');
    expect(found.map(({ account }) => account)).toEqual(expect.arrayContaining(dormant));
    const paying = found.filter(({ msg }) => msg === 'would liquidate').map(({ account }) => account as Address);
    expect(paying.some((account) => dormant.includes(account))).toBe(true);
  });
});
