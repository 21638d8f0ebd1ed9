import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getAddress } from 'viem';
import { describe, expect, test } from 'vitest';
import { CHAINS, findChainId } from '../src/config/chains.ts';
import { configurationTable, fields } from '../src/config/fields.ts';
import { parseFlags } from '../src/config/flags.ts';
import { withPreset } from '../src/config/preset.ts';
import { readSettings, unknownVariables } from '../src/config/read.ts';

const BASE = ['--protocol', 'aave-v3', '--dry-run'];

function configFile(content: unknown): string {
  const path = join(mkdtempSync(join(tmpdir(), 'plimsoll-')), 'settings.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function read(args: string[], env: Record<string, string> = {}) {
  const line = parseFlags(args, '0.0.0');
  if (line.print !== undefined) throw new Error('expected settings');
  return readSettings({ flags: line.flags, env });
}

const message = (args: string[], env: Record<string, string> = {}) =>
  (async () => read(args, env))().then(
    () => 'accepted',
    (error: Error) => error.message,
  );

describe('precedence', () => {
  test('a flag goes before the environment, the environment before the file, the file before the default', async () => {
    const config = configFile({ slippage: 10, minProfit: '0.25', maxInFlight: 7, dryRun: false });
    const env = { PLIMSOLL_SLIPPAGE: '20', PLIMSOLL_MIN_PROFIT: '0.5', PLIMSOLL_CONFIG: config };
    const settings = await read([...BASE, '--slippage', '30'], env);
    expect(settings).toMatchObject({
      dryRun: true,
      slippage: 30,
      minProfit: 500_000_000_000_000_000n,
      maxInFlight: 7,
      bumpAfterBlocks: 3,
    });
  });

  test('a flag can switch off what the environment switched on', async () => {
    const settings = await read(['--protocol', 'aave-v3', '--dry-run', '--no-once'], { PLIMSOLL_ONCE: 'true' });
    expect(settings).toMatchObject({ dryRun: true, once: false });
  });

  test('an empty variable counts as not set', async () => {
    expect(await read(BASE, { PLIMSOLL_RPC: '' })).toMatchObject({ rpc: ['http://127.0.0.1:8545'] });
  });

  test('FOUNDRY_KEYSTORES serves where no folder of ours is named', async () => {
    expect(await read(BASE, { FOUNDRY_KEYSTORES: '/a' })).toMatchObject({ keystoreDir: '/a' });
    const both = { FOUNDRY_KEYSTORES: '/a', PLIMSOLL_KEYSTORE_DIR: '/b' };
    expect(await read(BASE, both)).toMatchObject({ keystoreDir: '/b' });
  });

  test('a preset fills what was not set, and only that', async () => {
    const given = '0x4200000000000000000000000000000000000006';
    const settings = await read([...BASE, '--wrapped-native', given]);
    expect(withPreset(settings, 1)).toMatchObject({
      wrappedNative: given,
      uniswapV3Factory: '0x1F98431c8aD98523631AE4a59f267346ea31F984',
      pollingInterval: 1_000,
    });
    const fork = await read([...BASE, '--uniswap-v3-factory', given]);
    expect(withPreset(fork, 1)).toMatchObject({ uniswapV3Factory: given });
    expect(withPreset(fork, 56).uniswapV2Factory).toEqual([
      { factory: '0x8909Dc15e40173Ff4699343b6eB8132c65e18eC6', fee: 30 },
      { factory: '0xcA143Ce32Fe78f1f7019d7d551a6402fC5350c73', fee: 25 },
    ]);
    expect(withPreset(await read([...BASE, '--uniswap-v2-factory', 'none']), 56).uniswapV2Factory).toEqual([]);
    expect(() => withPreset(fork, 31337)).toThrow('--wrapped-native is required on chain 31337: there is no preset');
  });
});

describe('values', () => {
  test('factories of Uniswap v2 come with a fee, or with the usual one', async () => {
    const [a, b] = ['0x4200000000000000000000000000000000000006', '0x5300000000000000000000000000000000000004'];
    const both = [
      { factory: a, fee: 20 },
      { factory: b, fee: 30 },
    ];
    expect(await read([...BASE, '--uniswap-v2-factory', `${a}:20,${b}`])).toMatchObject({ uniswapV2Factory: both });
    const config = configFile({ uniswapV2Factory: [`${a}:20`, b] });
    expect(await read([...BASE, '--config', config])).toMatchObject({ uniswapV2Factory: both });
    const refused = (value: string) => expect(read([...BASE, '--uniswap-v2-factory', value])).rejects;
    await refused(`${a}:2.5`).toThrow(`--uniswap-v2-factory ${a}:2.5: expected a whole number of bps from 0 to 1000`);
    await refused('0x42').toThrow('--uniswap-v2-factory 0x42: expected an address: 0x and 40 hex digits');
    await refused(`${a}:20:30`).toThrow('expected an address, or one with its fee in bps like');
  });

  test('protocols and markets may be repeated and listed with commas, each once; without one they are not set', async () => {
    const args = ['--dry-run', '--protocol', 'AAVE-v3,aave-v3', '--protocol', 'aave-v3', '--market', 'base, 0x12'];
    expect(await read([...args, '--market', 'aave-v3:base'])).toMatchObject({
      protocol: ['aave-v3'],
      market: ['base', '0x12', 'aave-v3:base'],
    });
    const config = configFile({ protocol: ['aave-v3'], dryRun: true });
    const settings = await read(['--config', config]);
    expect([settings.protocol, settings.market]).toEqual([['aave-v3'], undefined]);
    expect((await read(['--dry-run', '--market', 'base'])).protocol).toBeUndefined();
  });

  test('endpoints may be repeated, listed with commas, and be sockets', async () => {
    const args = [...BASE, '--rpc', 'http://a:1,ws://b', '--rpc', '/run/geth.ipc'];
    expect(await read(args)).toMatchObject({ rpc: ['http://a:1', 'ws://b', '/run/geth.ipc'] });
    const config = configFile({ rpc: ['http://a', 'http://c'] });
    expect(await read([...BASE, '--config', config])).toMatchObject({ rpc: ['http://a', 'http://c'] });
  });

  test('money is exact', async () => {
    const args = [...BASE, '--min-profit', '0.000000000000000001', '--max-gas-price', '0.000000001'];
    expect(await read(args)).toMatchObject({ minProfit: 1n, maxGasPrice: 1n });
    expect(await message([...BASE, '--min-profit', '0.0000000000000000001'])).toBe(
      '--min-profit 0.0000000000000000001: expected a decimal number of the native coin from 0 to 1000000, like 0.01',
    );
  });

  test('chains go by word, by name, by what viem calls them and by id', async () => {
    expect(await Promise.all(['base', 'OP Mainnet', 'mainnet', '424242'].map(findChainId))).toEqual([
      8453, 10, 1, 424242,
    ]);
    expect(await Promise.all(['nowhere', '0', '-1'].map(findChainId))).toEqual([undefined, undefined, undefined]);
    expect(new Set(CHAINS.map(({ id }) => id)).size).toBe(CHAINS.length);
  });

  test('every wrapped coin and every factory has beside it where it is published', () => {
    for (const file of ['chains.ts', 'test-networks.ts']) {
      const lines = readFileSync(new URL(`../src/config/${file}`, import.meta.url), 'utf8').split('\n');
      const addresses = lines.filter((line) => /wrappedNative: |uniswapV3: |usual\('|factory: '|oracle: '/.test(line));
      expect(addresses.length).toBeGreaterThan(6);
      for (const line of addresses) expect(line).toMatch(/ \/\/ https:\/\/\S+$/);
    }
    for (const { wrappedNative, uniswapV3, uniswapV2 = [] } of CHAINS) {
      const given = [wrappedNative, uniswapV3, ...uniswapV2.map(({ factory }) => factory)];
      for (const address of given) if (address) expect(address).toBe(getAddress(address.toLowerCase()));
    }
  });

  test('ZKsync Era is known to have another machine, whatever its nodes answer', () => {
    expect(CHAINS.flatMap(({ key, cannotRun }) => (cannotRun ? [[key, cannotRun]] : []))).toEqual([
      ['zksync', expect.stringContaining('EraVM')],
    ]);
  });

  test('an address with a wrong checksum is refused', async () => {
    const wrong = '0xc02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2';
    expect(await message([...BASE, '--liquidator', wrong])).toBe(
      `--liquidator ${wrong}: the checksum is wrong; check for a typing error or write it as ${wrong.toLowerCase()}`,
    );
    expect(await read([...BASE, '--liquidator', wrong.toLowerCase()])).toMatchObject({
      liquidator: '0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2',
    });
  });
});

describe('bounds', () => {
  const whole = (of: string, min: number, max: number) => `expected a whole number of ${of} from ${min} to ${max}`;
  const decimal = (of: string, min: string, max: string) =>
    `expected a decimal number of ${of} from ${min} to ${max}, like 0.01`;
  const cases: [flag: string, low: string, min: string, max: string, high: string, expected: string][] = [
    ['--min-profit', '-1', '0', '1000000', '1000001', decimal('the native coin', '0', '1000000')],
    ['--max-gas-price', '0', '0.000000001', '1000000', '1000000.1', decimal('gwei', '0.000000001', '1000000')],
    ['--min-priority-fee', '-1', '0', '1000000', '1000001', decimal('gwei', '0', '1000000')],
    ['--max-tx-cost', '0', '0.000000001', '1000000', '1000001', decimal('the native coin', '0.000000001', '1000000')],
    ['--slippage', '-1', '0', '5000', '5001', whole('basis points', 0, 5_000)],
    ['--max-legs', '0', '1', '120', '121', whole('liquidations', 1, 120)],
    ['--stale-probability', '-1', '0', '0.999999', '1', decimal('probability', '0', '0.999999')],
    ['--loss-probability', '-1', '0', '1', '1.1', decimal('probability', '0', '1')],
    ['--bump-after-blocks', '0', '1', '1000', '1001', whole('blocks', 1, 1_000)],
    ['--max-in-flight', '0', '1', '64', '65', whole('transactions', 1, 64)],
    ['--log-range', '0', '1', '10000000', '10000001', whole('blocks', 1, 10_000_000)],
    ['--polling-interval', '49', '50', '60000', '60001', whole('milliseconds', 50, 60_000)],
    [
      '--from-block',
      '-1',
      '0',
      '9007199254740991',
      '9007199254740992',
      'expected a whole number from 0 to 9007199254740991',
    ],
  ];

  test.each(cases)('%s refuses %s, takes %s to %s, refuses %s', async (flag, low, min, max, high, expected) => {
    for (const value of [low, high, 'NaN', '1e3', 'Infinity', '0x10']) {
      expect(await message([...BASE, `${flag}=${value}`])).toBe(`${flag} ${value}: ${expected}`);
    }
    for (const value of [min, max]) expect(await message([...BASE, `${flag}=${value}`])).toBe('accepted');
  });

  test('every number has its bounds in this table', () => {
    const numbers = fields.filter(({ unit, takes }) => unit || takes === 'number').map(({ flag }) => flag);
    expect(cases.map(([flag]) => flag).sort()).toEqual(numbers.sort());
  });
});

describe('what is refused, and who is blamed', () => {
  test('the variable and the key in the file are named, not the flag', async () => {
    expect(await message(BASE, { PLIMSOLL_SLIPPAGE: 'much' })).toBe(
      'PLIMSOLL_SLIPPAGE much: expected a whole number of basis points from 0 to 5000',
    );
    const config = configFile({ slippage: true });
    expect(await message([...BASE, '--config', config])).toBe(
      `slippage in ${config} true: expected a whole number of basis points from 0 to 5000`,
    );
  });

  test('a key pasted into the wrong place is not repeated', async () => {
    const key = '0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6';
    const all = [
      [...BASE, '--slippage', key],
      [...BASE, '--liquidator', key],
      [...BASE, `--privatekey=${key}`],
      [...BASE, key],
    ];
    for (const said of await Promise.all(all.map((args) => message(args)))) {
      expect(said).not.toBe('accepted');
      expect(said).not.toContain('7c852118');
    }
    expect(await message(BASE, { PLIMSOLL_PRIVATE_KEY: `${key}00` })).toBe(
      'PLIMSOLL_PRIVATE_KEY: expected a private key: 64 hex digits, with or without 0x',
    );
  });

  test('an unknown key in the file, a file that is no JSON, a file that is not there', async () => {
    const [unknown, broken] = [configFile({ minProffit: 1 }), configFile('minProfit: 1')];
    expect(await message([...BASE, '--config', unknown])).toBe(
      `${unknown}: unknown key minProffit (did you mean minProfit?); plimsoll --help lists the settings`,
    );
    expect(await message([...BASE, '--config', broken])).toBe(
      `${broken}: expected one JSON object of settings, like {"protocol": "aave-v3"}`,
    );
    expect(await message([...BASE, '--config', '/nowhere'])).toBe(
      '--config /nowhere: the file cannot be read (ENOENT)',
    );
  });

  test('what must be given', async () => {
    const neither =
      '--protocol or --market is required: --protocol aave-v3 watches its main market on the chain, --market 0x… one by its address';
    expect(await message([])).toBe(neither);
    expect(await message(['--dry-run'])).toBe(neither);
    expect(await message(['--dry-run', '--market', 'base'])).toBe('accepted');
    expect(await message(['--protocol', 'aave-v3'])).toBe(
      '--liquidator is required: the address that forge script Deploy printed (or pass --dry-run to only look)',
    );
    expect(await message(['--protocol', 'aave-v3', '--liquidator', `0x${'1'.repeat(40)}`])).toBe(
      'an operator key is required: pass --account or --keystore, or set PLIMSOLL_PRIVATE_KEY (or pass --dry-run)',
    );
  });

  test('a protocol of a later version, or of none, whatever stands beside it', async () => {
    for (const protocol of ['compound-v2', 'compound-v3', 'dex223']) {
      const said = 'is not in this version of plimsoll; use aave-v3';
      expect(await message(['--protocol', protocol])).toBe(`--protocol ${protocol}: ${said}`);
      const two = ['--protocol', `aave-v3,${protocol}`, '--dry-run'];
      expect(await message(two)).toBe(`--protocol aave-v3,${protocol}: ${said}`);
    }
    expect(await message([...BASE, '--protocol', 'aave-v9'])).toBe('--protocol aave-v3,aave-v9: expected aave-v3');
    expect(await message([...BASE, '--market', ','])).toBe('--market ,: expected the name of a market or an address');
  });

  test('only one key', async () => {
    const both = await message([...BASE, '--account', 'a', '--keystore', 'b']);
    expect(both).toBe('--account and --keystore each name an operator key: keep one of them');
  });

  test('the private key is not for a file', async () => {
    const config = configFile({ privateKey: '0x01' });
    expect(await message([...BASE, '--config', config])).toBe(
      `${config}: privateKey does not belong in a file; set PLIMSOLL_PRIVATE_KEY in the environment instead`,
    );
  });

  test('a mistyped variable is pointed out', () => {
    expect(unknownVariables({ PLIMSOLL_MIN_PROFFIT: '1', PLIMSOLL_RPC: 'x', PATH: '/bin' })).toEqual([
      'PLIMSOLL_MIN_PROFFIT is set in the environment but is no setting (did you mean PLIMSOLL_MIN_PROFIT?)',
    ]);
  });
});

describe('help and table', () => {
  const help = parseFlags(['--help'], '0.0.0').print ?? '';
  const flat = help.replace(/\s+/g, ' ');

  test.each(fields.map((field) => [field.name, field] as const))('%s is in both', (_, field) => {
    expect(flat).toContain(field.description);
    expect(flat).toContain(field.flag ?? field.variable);
    if (field.default !== undefined && !field.isSwitch) expect(flat).toContain(`(default: ${field.default})`);
    const row = configurationTable()
      .split('\n')
      .find((line) => line.includes(`\`${field.variable}\``));
    expect(row?.split(' | ')).toHaveLength(6);
    expect(row).toContain(field.description);
  });

  test('the examples in the table are accepted', async () => {
    for (const field of fields) {
      if (!field.flag || field.isSwitch || field.name === 'protocol' || field.name === 'config') continue;
      expect([field.name, await message([...BASE, `${field.flag}=${field.example}`])]).toEqual([
        field.name,
        'accepted',
      ]);
    }
  });

  test('the table has a head and a row for each setting', () => {
    expect(configurationTable().split('\n')).toHaveLength(fields.length + 2);
  });
});
