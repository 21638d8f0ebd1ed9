import { getAddress, type Hex, numberToHex } from 'viem';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { labFlags, startKeeper } from '../harness/keeper.ts';
import { startProxy } from '../harness/proxy.ts';
import { openScene, type Scene } from '../harness/scene.ts';

describe('refused with one line, before anything is sent', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await openScene(inject('labUrl'));
  });
  afterAll(() => scene?.stop());

  /** Runs a keeper with a lab's flags, some of them changed, until it ends. */
  async function refusal(flags: Record<string, string>, key = scene.key) {
    const given = labFlags(scene.directory, scene.url);
    const all: Record<string, string> = { '--liquidator': scene.liquidator };
    for (let at = 0; at < given.length; at += 2) all[given[at]!] = given[at + 1]!;
    const keeper = startKeeper(Object.entries({ ...all, ...flags }).flat(), key);
    const code = await keeper.ended;
    const said = keeper
      .output()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('{'));
    expect(keeper.output()).not.toMatch(/^\s+at /m);
    expect(keeper.lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    return { code, said };
  }

  test('an operator the Liquidator does not know', async () => {
    const stranger = '0x1000000000000000000000000000000000000000000000000000000000000001';
    const who = '0x9C7BC14e8a4B054e98C6DB99B9f1Ea2797BAee7B';
    expect(await refusal({}, stranger)).toEqual({
      code: 1,
      said: [
        `plimsoll: operator ${who} is not authorised on --liquidator ${scene.liquidator}: the owner must call setOperator(${who}, true)`,
      ],
    });
  });

  test('an operator without gas money', async () => {
    const { client, operator } = scene;
    const id = await client.snapshot();
    await client.setBalance({ address: operator, value: 0n });
    const { code, said } = await refusal({});
    await client.revert({ id });
    expect({ code, said }).toEqual({
      code: 1,
      said: [
        `plimsoll: operator ${operator} has no ETH on chain 31337 (Anvil) to pay for gas: send it some, or pass --dry-run`,
      ],
    });
  });

  test('no factory at --uniswap-v2-factory', async () => {
    const { factory } = scene.directory.uniswapV3;
    expect(await refusal({ '--uniswap-v2-factory': `${factory}:25` })).toEqual({
      code: 1,
      said: [
        `plimsoll: --uniswap-v2-factory ${factory} is no Uniswap v2 factory on chain 31337 (Anvil): it counts no pairs`,
      ],
    });
  });

  test('nobody at --uniswap-v3-factory', async () => {
    expect(await refusal({ '--uniswap-v3-factory': scene.treasury })).toEqual({
      code: 1,
      said: [
        `plimsoll: --uniswap-v3-factory ${scene.treasury} has no code, on chain 31337 (Anvil): pass that of Uniswap v3, or leave it out`,
      ],
    });
  });

  test('another contract at --uniswap-v3-factory', async () => {
    const { pool } = scene.directory.aave;
    expect(await refusal({ '--uniswap-v3-factory': pool })).toEqual({
      code: 1,
      said: [
        `plimsoll: --uniswap-v3-factory ${pool} is no Uniswap v3 factory: it knows no fee, on chain 31337 (Anvil): pass that of Uniswap v3, or leave it out`,
      ],
    });
  });

  test('a factory whose pools call back by the name that those of PancakeSwap v3 use', async () => {
    const { client, directory } = scene;
    const { factory, pools } = directory.uniswapV3;
    const renamed = await scene.undone(async () => {
      for (const { address } of pools) {
        const code = await client.getCode({ address });
        await client.setCode({ address, bytecode: code!.replaceAll('fa461e33', '23a69e75') as Hex });
      }
      return refusal({});
    });
    expect(renamed).toEqual({
      code: 1,
      said: [
        `plimsoll: --uniswap-v3-factory ${factory} is no Uniswap v3: its pools do not call uniswapV3SwapCallback, on chain 31337 (Anvil): pass that of Uniswap v3, or leave it out`,
      ],
    });
  });

  test('another token at --wrapped-native, and nobody', async () => {
    const { address } = scene.directory.tokens.USDC;
    const cure = 'on chain 31337 (Anvil): pass the token that wraps ETH';
    expect(await refusal({ '--wrapped-native': address })).toEqual({
      code: 1,
      said: [
        `plimsoll: --wrapped-native ${address} is USDC, which does not wrap the native coin: it has 6 decimals and not 18, ${cure}`,
      ],
    });
    expect(await refusal({ '--wrapped-native': scene.treasury })).toEqual({
      code: 1,
      said: [`plimsoll: --wrapped-native ${scene.treasury} has no code, ${cure}`],
    });
  });

  test('a token that wraps the coin, and that nobody trades', async () => {
    const { client, directory } = scene;
    const twin: Hex = `0x${'0'.repeat(35)}f00d5`;
    const refused = await scene.undone(async () => {
      // Another contract of the very same code.
      const code = await client.getCode({ address: directory.tokens.WETH.address });
      await client.setCode({ address: twin, bytecode: code! });
      for (const slot of [0, 1, 2]) {
        const at = numberToHex(slot, { size: 32 });
        const value = await client.getStorageAt({ address: directory.tokens.WETH.address, slot: at });
        await client.setStorageAt({ address: twin, index: slot, value: value! });
      }
      return refusal({ '--wrapped-native': twin });
    });
    expect(refused).toEqual({
      code: 1,
      said: [
        `plimsoll: --wrapped-native ${getAddress(twin)} has no price on chain 31337 (Anvil): no market lists it, and no pool has it and a token of theirs`,
      ],
    });
  });

  test('a chain without the opcodes that the contract is made of, where --dry-run alone works and says why', async () => {
    const probe = '0x60015f5d5f5c505f5f5f5e5f5ff3';
    const proxy = await startProxy(scene.url, ({ method, params }) =>
      method === 'eth_call' && (params[0] as { data?: Hex }).data === probe
        ? { error: { code: -32_000, message: 'invalid opcode: TSTORE' } }
        : undefined,
    );
    const why = 'chain 31337 (Anvil) cannot run the Liquidator: it lacks the cancun opcodes (transient storage, MCOPY)';
    try {
      expect(await refusal({ '--rpc': proxy.url })).toEqual({
        code: 1,
        said: [`plimsoll: ${why}; pass --dry-run to only look`],
      });
      const looking = startKeeper([...labFlags(scene.directory, proxy.url), '--dry-run', '--once']);
      expect(await looking.ended).toBe(0);
      const warned = looking.lines.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
      expect(warned).toContain(`${why}; only --dry-run works here`);
    } finally {
      await proxy.stop();
    }
  });

  test('no contract at --liquidator', async () => {
    expect(await refusal({ '--liquidator': scene.treasury })).toEqual({
      code: 1,
      said: [
        `plimsoll: --liquidator ${scene.treasury} has no code on chain 31337 (Anvil): deploy one with forge script Deploy and pass the address it prints`,
      ],
    });
  });

  test('another contract at --liquidator', async () => {
    const { pool } = scene.directory.aave;
    expect(await refusal({ '--liquidator': pool })).toEqual({
      code: 1,
      said: [
        `plimsoll: --liquidator ${pool} is a contract on chain 31337 (Anvil), but not a Liquidator: pass the address that forge script Deploy printed`,
      ],
    });
  });

  test('an endpoint of another chain than --chain', async () => {
    expect(await refusal({ '--chain': 'base' })).toEqual({
      code: 2,
      said: [`plimsoll: --rpc ${scene.url} answers for chain 31337 (Anvil), but --chain says 8453 (Base); change one`],
    });
  });

  test('a market that is none', async () => {
    const { address } = scene.directory.tokens.WETH;
    expect(await refusal({ '--market': address })).toEqual({
      code: 2,
      said: [
        `plimsoll: --market ${address} is no market of aave-v3 on chain 31337 (Anvil): pass the address of one, or a preset's name`,
      ],
    });
  });
});
