import { type Address, getAddress, type PublicClient } from 'viem';
import { describe, expect, test, vi } from 'vitest';
import { KeeperError } from '../../src/config/error.ts';
import type { Settings } from '../../src/config/schema.ts';
import { chooseMarkets } from '../../src/protocols/choose.ts';
import type { Preset, Protocol, ProtocolId } from '../../src/protocols/protocol.ts';
import { protocols } from '../../src/protocols/registry.ts';

const client = {} as PublicClient;
const address = (digit: string): Address => getAddress(`0x${digit.repeat(40)}`);
/** A Pool, what else it goes by, another Pool, a market of the other protocol, one that both take for theirs, and no market. */
const [pool, provider, second, comet, both, nothing] = ['1', '2', '3', '4', '5', '9'].map(address) as [
  Address,
  Address,
  Address,
  Address,
  Address,
  Address,
];

/** A protocol that knows its markets by address, and some of them by name. */
function toy(id: ProtocolId, found: Record<Address, Address>, presets: readonly Preset[]) {
  const named = vi.fn(async (chainId?: number) =>
    presets.filter((preset) => chainId === undefined || preset.chainId === chainId),
  );
  const find = vi.fn(async (_: PublicClient, wanted: Address) => found[wanted]);
  return { id, presets: named, find } as unknown as Protocol & { presets: typeof named; find: typeof find };
}
const preset = (id: string, of: Address, chainId: number, isMain = false): Preset => ({
  id,
  address: of,
  chainId,
  isMain,
});
function world() {
  const aave = toy('aave-v3', { [pool]: pool, [provider]: pool, [second]: second, [both]: both }, [
    preset('core', pool, 1, true),
    preset('prime', second, 1),
    preset('shared', second, 1),
    preset('base', second, 8453),
  ]);
  const other = toy('compound-v3', { [comet]: comet, [both]: both }, [
    preset('usdc', comet, 1, true),
    preset('shared', comet, 1),
  ]);
  return { aave, other, registry: { [aave.id]: aave, [other.id]: other } };
}

type Given = { protocol?: string[]; market?: string[] };
const choose = ({ protocol, market }: Given, { registry } = world(), chainId = 1) =>
  chooseMarkets({ protocol, market } as Pick<Settings, 'protocol' | 'market'>, chainId, client, registry);
const shown = async (given: Given) =>
  (await choose(given)).map(({ name, key, given: names }) => ({ name, key, names }));
const key = (protocol: string, of: Address) => `${protocol}:${of.toLowerCase()}`;

describe('markets', () => {
  test('of protocols alone are the main ones of the chain', async () => {
    expect(await shown({ protocol: ['aave-v3', 'compound-v3'] })).toEqual([
      { name: 'core', key: key('aave-v3', pool), names: [] },
      { name: 'usdc', key: key('compound-v3', comet), names: [] },
    ]);
    expect(await shown({ protocol: ['compound-v3'] })).toHaveLength(1);
  });

  test('by name, with or without the protocol; a protocol of which none is named has its main one', async () => {
    expect(await shown({ protocol: ['aave-v3', 'compound-v3'], market: ['prime'] })).toEqual([
      { name: 'prime', key: key('aave-v3', second), names: ['prime'] },
      { name: 'usdc', key: key('compound-v3', comet), names: [] },
    ]);
    expect(await shown({ market: ['aave-v3:Prime', 'usdc'] })).toEqual([
      { name: 'prime', key: key('aave-v3', second), names: ['aave-v3:Prime'] },
      { name: 'usdc', key: key('compound-v3', comet), names: ['usdc'] },
    ]);
  });

  test('by address alone are probed, and whoever knows them has them', async () => {
    const { aave, other, registry } = world();
    const chosen = await choose({ market: [provider.toLowerCase(), comet] }, { aave, other, registry });
    expect(chosen).toEqual([
      { name: pool, protocol: aave, key: key('aave-v3', pool), address: pool, given: [provider.toLowerCase()] },
      { name: comet, protocol: other, key: key('compound-v3', comet), address: comet, given: [comet] },
    ]);
    // The names take a while to load.
    expect(aave.presets).not.toHaveBeenCalled();
    expect(other.presets).not.toHaveBeenCalled();
    expect(aave.find).toHaveBeenCalledWith(client, provider);
  });

  test('that one protocol alone is asked for are not probed by the others', async () => {
    const { aave, other, registry } = world();
    expect(await choose({ protocol: ['aave-v3'], market: [both] }, { aave, other, registry })).toHaveLength(1);
    expect(await choose({ market: [`aave-v3:${both}`] }, { aave, other, registry })).toHaveLength(1);
    expect(other.find).not.toHaveBeenCalled();
    expect(aave.presets).not.toHaveBeenCalled();
  });

  test('under two names are one, with both names and the preset to go by', async () => {
    for (const market of [
      [pool, provider, 'core', second],
      [provider, 'core', second, pool],
    ]) {
      expect(await shown({ market })).toEqual([
        { name: 'core', key: key('aave-v3', pool), names: market.filter((name) => name !== second) },
        { name: second, key: key('aave-v3', second), names: [second] },
      ]);
    }
  });

  test('under one name twice are one, in whatever case', async () => {
    expect(await shown({ market: ['core', 'Core'] })).toEqual([
      { name: 'core', key: key('aave-v3', pool), names: ['core'] },
    ]);
    const mixed = getAddress(`0x${'ab'.repeat(20)}`);
    const aave = toy('aave-v3', { [mixed]: mixed }, []);
    const chosen = await choose(
      { market: [mixed, mixed.toLowerCase()] },
      { ...world(), registry: { 'aave-v3': aave } },
    );
    expect(chosen.map(({ given }) => given)).toEqual([[mixed]]);
  });
});

describe('is refused in one line', () => {
  const chain = 'chain 1 (Ethereum)';
  test.each<[string, Given, string, number?]>([
    [
      'a market of a protocol that is not asked for',
      { protocol: ['aave-v3'], market: ['compound-v3:usdc'] },
      '--market compound-v3:usdc is of compound-v3, which is not asked for: add --protocol compound-v3',
    ],
    [
      'its name alone',
      { protocol: ['aave-v3'], market: ['usdc'] },
      '--market usdc is of compound-v3, which is not asked for: add --protocol compound-v3',
    ],
    [
      'its address alone',
      { protocol: ['aave-v3'], market: [comet] },
      `--market ${comet} is of compound-v3, which is not asked for: add --protocol compound-v3`,
    ],
    [
      'an unknown name',
      { market: ['prine'] },
      `--market prine: no such market on ${chain} (did you mean prime?); known here: core, prime, shared, usdc`,
    ],
    [
      'an unknown name of a protocol',
      { market: ['compound-v3:prime'] },
      '--market compound-v3:prime is of aave-v3, which is not asked for: add --protocol aave-v3',
    ],
    [
      'an unknown protocol',
      { market: ['aave-v4:core'] },
      '--market aave-v4:core: no such protocol (did you mean aave-v3?); known: aave-v3, compound-v3',
    ],
    [
      'what every object has',
      { market: ['constructor:core'] },
      '--market constructor:core: no such protocol; known: aave-v3, compound-v3',
    ],
    [
      'an address of no market',
      { market: [nothing] },
      `--market ${nothing} is no market of aave-v3, compound-v3 on ${chain}: pass the address of one, or a preset's name`,
    ],
    [
      'an address that is not of the protocol before it',
      { market: [`compound-v3:${nothing}`] },
      `--market compound-v3:${nothing} is no market of compound-v3 on ${chain}: pass the address of one, or a preset's name`,
    ],
    ['half an address', { market: ['0x1234'] }, '--market 0x1234: expected an address: 0x and 40 hex digits'],
    [
      'an address of two protocols',
      { market: [both] },
      `--market ${both} is a market of several protocols: pass aave-v3:${both} or compound-v3:${both}`,
    ],
    [
      'a name of two protocols',
      { market: ['shared'] },
      '--market shared is a preset of several protocols: pass aave-v3:shared or compound-v3:shared',
    ],
    [
      'a name of another chain',
      { market: ['base'] },
      `--market base is on chain 8453 (Base), not on 1 (Ethereum); known here: core, prime, shared, usdc`,
    ],
    [
      'a protocol without a main market, where others have names',
      { protocol: ['aave-v3'] },
      '--market is required on chain 8453 (Base): aave-v3 has no main market there that is known by name; known here: base',
      8453,
    ],
    [
      'a protocol without any name',
      { protocol: ['compound-v3'] },
      '--market is required on chain 10 (OP Mainnet): compound-v3 has no main market there that is known by name; give the address of one',
      10,
    ],
  ])('%s', async (_, given, line, chainId) => {
    const refusal = await choose(given, world(), chainId).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(KeeperError);
    expect(refusal).toMatchObject({ message: line, exitCode: 2 });
  });

  test('nothing when it is the node that fails: that error comes through', async () => {
    const { aave, registry, other } = world();
    aave.find.mockRejectedValue(new Error('socket hang up'));
    await expect(choose({ market: [comet] }, { aave, registry, other })).rejects.toThrow('socket hang up');
  });
});

describe('of the protocols there are', () => {
  const real = (given: Given, chainId: number) =>
    chooseMarkets(given as Pick<Settings, 'protocol' | 'market'>, chainId, client);
  const aaveV3 = protocols['aave-v3']!;

  test('a preset, the main market, and one of another chain', async () => {
    const base = '0xA238Dd80C259a72e81d7e4664a9801593F98d1c5';
    const named = { name: 'base', protocol: aaveV3, key: key('aave-v3', base), address: base };
    expect(await real({ market: ['base'] }, 8453)).toEqual([{ ...named, given: ['base'] }]);
    expect(await real({ protocol: ['aave-v3'] }, 8453)).toEqual([{ ...named, given: [] }]);
    const core = { name: 'ethereum-core', address: '0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2' };
    expect(await real({ protocol: ['aave-v3'] }, 1)).toMatchObject([core]);
    await expect(real({ market: ['base'] }, 10)).rejects.toThrow(
      '--market base is on chain 8453 (Base), not on 10 (OP Mainnet); known here: optimism',
    );
    await expect(real({ protocol: ['aave-v3'] }, 31337)).rejects.toThrow(
      '--market is required on chain 31337 (Anvil): aave-v3 has no main market there that is known by name; give the address of one',
    );
  });
});
