import { type Address, parseAbi, parseAbiItem } from 'viem';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { forkLab, type Lab } from './anvil.ts';
import { inventBorrowers, labAddress } from './borrowers.ts';
import { advance, breakFeed, healthOf, mint, setPrice, testClient } from './chain.ts';
import { readDirectory } from './directory.ts';
import { sqrtPriceX96 } from './prices.ts';
import type { AssetSymbol } from './tokens.ts';

const WAD = 10n ** 18n;
const borrowEvent = parseAbiItem(
  'event Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint8 interestRateMode, uint256 borrowRate, uint16 indexed referralCode)',
);
const poolAbi = parseAbi([
  'function POOL_REVISION() view returns (uint256)',
  'function FLASHLOAN_PREMIUM_TOTAL() view returns (uint128)',
  'function getUserAccountData(address) view returns (uint256, uint256, uint256, uint256, uint256, uint256)',
  'function getUserEMode(address) view returns (uint256)',
  'function getReserveNormalizedVariableDebt(address) view returns (uint256)',
]);
const oracleAbi = parseAbi(['function getAssetPrice(address) view returns (uint256)']);
const slot0Abi = parseAbi(['function slot0() view returns (uint160, int24, uint16, uint16, uint16, uint8, bool)']);
const quoterAbi = parseAbi([
  'struct Query { address tokenIn; address tokenOut; uint256 amountIn; uint24 fee; uint160 sqrtPriceLimitX96; }',
  'function quoteExactInputSingle(Query) returns (uint256 amountOut, uint160 sqrtPriceX96After, uint32, uint256)',
]);
const erc20Abi = parseAbi(['function approve(address, uint256)', 'function transfer(address, uint256)']);

let lab: Lab;
beforeAll(async () => {
  lab = await forkLab({ url: inject('labUrl') });
});
afterAll(() => lab?.stop());

let snapshot: `0x${string}`;
beforeEach(async () => {
  if (snapshot) await lab.client.revert({ id: snapshot });
  snapshot = await lab.client.snapshot();
});

const poolRead = { abi: poolAbi } as const;

async function poolPrices() {
  const { client, directory } = lab;
  const symbols = Object.keys(directory.tokens) as AssetSymbol[];
  const tokens = await Promise.all(
    symbols.map(async (symbol) => ({
      ...directory.tokens[symbol],
      price: await client.readContract({
        address: directory.aave.oracle,
        abi: oracleAbi,
        functionName: 'getAssetPrice',
        args: [directory.tokens[symbol].address],
      }),
    })),
  );
  const of = (address: Address) => tokens.find((token) => token.address === address)!;
  return Promise.all(
    directory.uniswapV3.pools.map(async (pool) => {
      const [current] = await client.readContract({ address: pool.address, abi: slot0Abi, functionName: 'slot0' });
      return { pool, current, oracle: sqrtPriceX96(of(pool.token0), of(pool.token1)) };
    }),
  );
}

describe('protocols', () => {
  test('a lab of scope core has the same addresses and nothing of the other protocols', async () => {
    const { seed, morpho, venus, balancerV3 } = lab.directory;
    const core = await forkLab({ seed, scope: 'core' });
    try {
      expect(core.directory).toEqual(await readDirectory(lab.client, 'core'));
      expect(await core.client.getCode({ address: core.directory.aave.pool })).toBeDefined();
      for (const address of [morpho.morpho, venus.comptroller, balancerV3.vault])
        expect(await core.client.getCode({ address })).toBeUndefined();
      await expect(readDirectory(core.client, 'all')).rejects.toThrow('morpho');
    } finally {
      await core.stop();
    }
  });

  test('the pool is Aave v3.6 with a flash-loan premium of 5 bps', async () => {
    const { client, directory } = lab;
    const address = directory.aave.pool;
    expect(await client.readContract({ ...poolRead, address, functionName: 'POOL_REVISION' })).toBe(10n);
    expect(await client.readContract({ ...poolRead, address, functionName: 'FLASHLOAN_PREMIUM_TOTAL' })).toBe(5n);
  });

  test('twelve pools stand at the oracle price, and $3M of WETH moves one by less than 0.5 %', async () => {
    const prices = await poolPrices();
    expect(prices).toHaveLength(12);
    for (const { current, oracle } of prices) expect(current).toBe(oracle);
    const { WETH, USDC } = lab.directory.tokens;
    for (const fee of [500, 3000]) {
      const { result } = await lab.client.simulateContract({
        address: lab.directory.uniswapV3.quoter,
        abi: quoterAbi,
        functionName: 'quoteExactInputSingle',
        args: [{ tokenIn: WETH.address, tokenOut: USDC.address, amountIn: 1500n * WAD, fee, sqrtPriceLimitX96: 0n }],
      });
      const { current } = prices.find(
        ({ pool }) =>
          pool.fee === fee && [pool.token0, pool.token1].every((t) => t === WETH.address || t === USDC.address),
      )!;
      const moved = Math.abs((Number(result[1]) / Number(current)) ** 2 - 1);
      expect(moved).toBeGreaterThan(0);
      expect(moved).toBeLessThan(0.005);
    }
  });

  test('interest accrues with time', async () => {
    const { client, directory } = lab;
    const read = () =>
      client.readContract({
        ...poolRead,
        address: directory.aave.pool,
        functionName: 'getReserveNormalizedVariableDebt',
        args: [directory.tokens.USDC.address],
      });
    const before = await read();
    expect(before).toBeGreaterThan(10n ** 27n);
    await advance(lab, 86_400);
    expect(await read()).toBeGreaterThan(before);
  });
});

describe('borrowers', () => {
  test('at least 200 have a health from 1.01 to 3, and some are in eMode', async () => {
    const { client, directory } = lab;
    const healths = await healthOf(lab, directory.borrowers);
    const healthy = healths.filter(({ healthFactor: h }) => h >= (WAD * 101n) / 100n && h <= 3n * WAD);
    expect(healthy.length).toBeGreaterThanOrEqual(200);
    expect(healths.every(({ healthFactor: h }) => h > WAD)).toBe(true);
    const eModes = await client.multicall({
      allowFailure: false,
      contracts: directory.borrowers.map(
        (account) =>
          ({ ...poolRead, address: directory.aave.pool, functionName: 'getUserEMode', args: [account] }) as const,
      ),
    });
    expect(eModes.filter((category) => category === 1n).length).toBeGreaterThan(10);
  });

  test('a seed decides the borrowers and the deployer, and through it every address', () => {
    const { seed, borrowers, deployer } = lab.directory;
    const [same, other] = [inventBorrowers(seed), inventBorrowers(seed + 1)];
    expect(same.slice(-borrowers.length).map(({ address }) => address)).toEqual(borrowers);
    expect(labAddress(seed, 'deployer')).toBe(deployer);
    expect(labAddress(seed + 1, 'deployer')).not.toBe(deployer);
    const repeated = other.filter(({ address }) => borrowers.includes(address));
    expect(repeated).toEqual([]);
    expect(other.map(({ debts }) => debts)).not.toEqual(same.map(({ debts }) => debts));
  });

  test('a 15 % fall of WETH puts at least 30 under water and takes the pools along', async () => {
    await setPrice(lab, 'WETH', 1_700_00000000n);
    const healths = await healthOf(lab, lab.directory.borrowers);
    expect(healths.filter(({ healthFactor }) => healthFactor < WAD).length).toBeGreaterThanOrEqual(30);
    for (const { current, oracle } of await poolPrices())
      expect(Math.abs((Number(current) / Number(oracle)) ** 2 - 1)).toBeLessThan(0.001);
  });

  test('prices move both ways and far, in one block each', async () => {
    for (const [symbol, usd] of [
      ['WETH', 900_00000000n],
      ['WETH', 4_100_00000000n],
      ['WBTC', 20_000_00000000n],
      ['USDT', 96000000n],
      ['DAI', 102000000n],
    ] as const) {
      const before = await lab.client.getBlockNumber({ cacheTime: 0 });
      await setPrice(lab, symbol, usd);
      expect(await lab.client.getBlockNumber({ cacheTime: 0 })).toBe(before + 1n);
      for (const { current, oracle } of await poolPrices()) expect(current).toBe(oracle);
    }
  });

  test('a feed that reverts makes the account data revert', async () => {
    const [account] = lab.directory.borrowers;
    const everyone = () => healthOf(lab, lab.directory.borrowers);
    expect(await everyone()).toHaveLength(lab.directory.borrowers.length);
    await breakFeed(lab, 'WETH');
    await expect(everyone()).rejects.toThrow('getUserAccountData');
    await breakFeed(lab, 'WETH', false);
    expect((await healthOf(lab, [account!]))[0]!.totalDebtBase).toBeGreaterThan(0n);
  });
});

describe('history', () => {
  test('old state and logs can be read through a fork', async () => {
    const { client, directory } = lab;
    const { pool, creationBlock } = directory.aave;
    const born = BigInt(creationBlock);
    expect(await client.getCode({ address: pool, blockNumber: born - 1n })).toBeUndefined();
    expect((await client.getCode({ address: pool, blockNumber: born }))!.length).toBeGreaterThan(2);
    const logs = await client.getLogs({ address: pool, event: borrowEvent, fromBlock: born });
    expect(logs.length).toBeGreaterThanOrEqual(240);
    const named = new Set(logs.map(({ args }) => args.onBehalfOf!));
    for (const borrower of directory.borrowers) expect(named).toContain(borrower);
    const repaid = await healthOf(
      lab,
      [...named].filter((a) => !directory.borrowers.includes(a)),
    );
    expect(repaid.length).toBeGreaterThan(0);
    for (const { totalDebtBase, totalCollateralBase } of repaid) {
      expect(totalDebtBase).toBe(0n);
      expect(totalCollateralBase).toBeGreaterThan(0n);
    }
    const receipt = await client.getTransactionReceipt({ hash: logs[0]!.transactionHash });
    expect(receipt.blockNumber).toBe(logs[0]!.blockNumber);
  });

  test('a fork of an old block goes on from its time, twelve seconds a block', async () => {
    const blockNumber = BigInt(lab.directory.aave.creationBlock) + 5n;
    const old = await forkLab({ url: inject('labUrl'), blockNumber });
    try {
      const forked = await old.client.getBlock();
      expect(forked.number).toBe(blockNumber);
      await old.client.mine({ blocks: 2 });
      const mined = await old.client.getBlock();
      expect(mined.number).toBe(blockNumber + 2n);
      expect(mined.timestamp).toBe(forked.timestamp + 24n);
    } finally {
      await old.stop();
    }
  });

  test('the mother chain is not touched by its forks', async () => {
    const mother = testClient(inject('labUrl'));
    const before = await mother.getBlock();
    await setPrice(lab, 'WETH', 1_900_00000000n);
    expect((await mother.getBlock()).hash).toBe(before.hash);
  });
});

describe('tokens', () => {
  const [from, spender]: Address[] = [
    '0x00000000000000000000000000000000000a11ce',
    '0x0000000000000000000000000000000000000b0b',
  ];

  test('USDT returns nothing and refuses to change an allowance that is not zero', async () => {
    const { client, directory } = lab;
    const usdt = directory.tokens.USDT.address;
    await mint(lab, 'USDT', from!, 1_000_000n);
    const { data } = await client.call({
      account: from,
      to: usdt,
      data: `0xa9059cbb${spender!.slice(2).padStart(64, '0')}${(5).toString(16).padStart(64, '0')}`,
    });
    expect(data).toBeUndefined();
    await client.impersonateAccount({ address: from! });
    await client.setBalance({ address: from!, value: WAD });
    const approve = { account: from!, address: usdt, abi: erc20Abi, functionName: 'approve' } as const;
    const hash = await client.writeContract({ ...approve, args: [spender!, 5n] });
    expect((await client.waitForTransactionReceipt({ hash })).status).toBe('success');
    await expect(client.simulateContract({ ...approve, args: [spender!, 6n] })).rejects.toThrow('reverted');
    await client.simulateContract({ ...approve, args: [spender!, 0n] });
  });
});
