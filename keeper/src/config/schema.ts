import { z } from 'zod';
import { CHAIN_KEYS, findChainId } from './chains.ts';
import { notes } from './notes.ts';
import { didYouMean } from './suggest.ts';
import {
  address,
  block,
  decimal,
  endpoints,
  hexKey,
  oneOf,
  onOff,
  someOf,
  text,
  v2Factories,
  whole,
  words,
} from './values.ts';

const PRESET = "the chain's preset";
const later = 'is not in this version of plimsoll; use aave-v3';

/** Each setting: how it is read, and its notes. */
export const shape = {
  protocol: someOf(['aave-v3'], { 'compound-v2': later, 'compound-v3': later, dex223: later })
    .optional()
    .register(notes, {
      group: 'What to liquidate',
      description:
        'Lending protocol to watch; required unless --market is given. Repeat it, or put commas between, for several',
      takes: 'name',
      example: 'aave-v3',
      unset: 'those of --market',
      isList: true,
    }),
  market: words('expected the name of a market or an address').optional().register(notes, {
    group: 'What to liquidate',
    description:
      "Deployment of a protocol: a preset's name, or an address (of Aave its Pool or PoolAddressesProvider), with the protocol and a colon before it where that is not clear. Repeat it, or put commas between, to watch several",
    takes: 'name',
    example: 'aave-v3:ethereum-core',
    unset: "each protocol's main market on the chain",
    isList: true,
  }),
  liquidator: address().optional().register(notes, {
    group: 'What to liquidate',
    description: 'Your Liquidator contract; required unless --dry-run',
    takes: 'address',
    example: '0x5FbDB2315678afecb367f032d93F642f64180aa3',
  }),
  rpc: endpoints().prefault('http://127.0.0.1:8545').register(notes, {
    group: 'Connection',
    description:
      'Endpoint: http(s), ws(s) or an IPC path. Repeat it, or put commas between: the best at the moment is asked, the others where it fails',
    takes: 'url',
    example: 'wss://node.example/key',
    isList: true,
  }),
  chain: text()
    .transform(async (value, ctx): Promise<number> => {
      const id = await findChainId(value);
      if (id !== undefined) return id;
      const known = `expected a chain id or one of ${CHAIN_KEYS.join(', ')}`;
      ctx.addIssue({ code: 'custom', message: `unknown chain${didYouMean(value, CHAIN_KEYS)}; ${known}` });
      return z.NEVER;
    })
    .optional()
    .register(notes, {
      group: 'Connection',
      description: 'Name or id of the chain; the endpoints must serve it',
      takes: 'name',
      example: 'base',
      unset: 'asked from --rpc',
    }),
  pollingInterval: whole({ min: 50, max: 60_000, of: 'milliseconds' }).optional().register(notes, {
    group: 'Connection',
    description: 'Pause between two looks for a new head',
    unit: 'ms',
    example: '500',
    unset: "half the chain's block time, 100 to 1000",
  }),
  account: text().optional().register(notes, {
    group: 'Operator key',
    description: 'Foundry keystore by name, as made by cast wallet import',
    takes: 'name',
    example: 'operator',
  }),
  keystoreDir: text().optional().register(notes, {
    group: 'Operator key',
    description: 'Folder that --account looks in',
    takes: 'folder',
    example: '/etc/plimsoll/keystores',
    unset: '~/.foundry/keystores',
    otherVariable: 'FOUNDRY_KEYSTORES',
  }),
  keystore: text().optional().register(notes, {
    group: 'Operator key',
    description: 'Keystore by path (web3 secret storage v3: scrypt or pbkdf2)',
    takes: 'file',
    example: './operator.json',
  }),
  passwordFile: text().optional().register(notes, {
    group: 'Operator key',
    description: "File with the keystore's password",
    takes: 'file',
    example: './operator.password',
    unset: 'asked on the terminal',
  }),
  privateKey: hexKey().optional().register(notes, {
    group: 'Operator key',
    description: 'The key itself, as hex; for throw-away keys',
    example: '0x…',
    isSecret: true,
  }),
  minProfit: decimal({ min: '0', max: '1000000', decimals: 18, of: 'the native coin' }).prefault('0').register(notes, {
    group: 'Money and gas',
    description: 'Smallest net profit worth a transaction, after gas',
    unit: 'native coin',
    example: '0.005',
  }),
  maxGasPrice: decimal({ min: '0.000000001', max: '1000000', decimals: 9, of: 'gwei' }).optional().register(notes, {
    group: 'Money and gas',
    description: 'Never pay more for a unit of gas',
    unit: 'gwei',
    example: '150',
    unset: 'bounded by the profit alone',
  }),
  minPriorityFee: decimal({ min: '0', max: '1000000', decimals: 9, of: 'gwei' }).optional().register(notes, {
    group: 'Money and gas',
    description: 'Never offer a lower tip for a unit of gas; what a node asks for at least is found out',
    unit: 'gwei',
    example: '25',
    unset: 'what the last blocks paid',
  }),
  maxTxCost: decimal({ min: '0.000000001', max: '1000000', decimals: 18, of: 'the native coin' })
    .optional()
    .register(notes, {
      group: 'Money and gas',
      description: 'Never let gas limit times max fee of a transaction be more; batches are made to fit',
      unit: 'native coin',
      example: '0.5',
      unset: 'bounded by the balance, and by what the node takes',
    }),
  slippage: whole({ min: 0, max: 5_000, of: 'basis points' }).prefault('50').register(notes, {
    group: 'Money and gas',
    description: 'How much worse than its quote a sale of collateral may turn out',
    unit: 'bps',
    example: '30',
  }),
  maxLegs: whole({ min: 1, max: 120, of: 'liquidations' }).prefault('120').register(notes, {
    group: 'Money and gas',
    description: 'Most liquidations in one transaction; 1 sends each alone',
    unit: 'liquidations',
    example: '24',
  }),
  staleProbability: decimal({ min: '0', max: '0.999999', decimals: 6, of: 'probability' })
    .prefault('0.001')
    .register(notes, {
      group: 'Money and gas',
      description:
        'Chance that an account of a batch is gone when it is mined; the higher, the fewer share a flash swap',
      takes: 'number',
      example: '0.02',
    }),
  lossProbability: decimal({ min: '0', max: '1', decimals: 6, of: 'probability' }).prefault('0').register(notes, {
    group: 'Money and gas',
    description: 'Chance that a rival is first and the gas is lost; 0 where a plan that fails is not mined',
    takes: 'number',
    example: '0.2',
  }),
  bumpAfterBlocks: whole({ min: 1, max: 1_000, of: 'blocks' }).prefault('3').register(notes, {
    group: 'Money and gas',
    description: 'Raise the fee of a transaction that has waited this long',
    unit: 'blocks',
    example: '2',
  }),
  maxInFlight: whole({ min: 1, max: 64, of: 'transactions' }).prefault('4').register(notes, {
    group: 'Money and gas',
    description: 'Most transactions waiting at a time',
    unit: 'transactions',
    example: '8',
  }),
  fromBlock: block().optional().register(notes, {
    group: 'History',
    description: 'First block to search for borrowers',
    takes: 'number',
    example: '16291127',
    unset: "the market's first block",
  }),
  logRange: whole({ min: 1, max: 10_000_000, of: 'blocks' }).prefault('10000').register(notes, {
    group: 'History',
    description: 'Most blocks asked for in one eth_getLogs; fewer where the endpoint refuses',
    unit: 'blocks',
    example: '2000',
  }),
  wrappedNative: address().optional().register(notes, {
    group: 'Venues',
    description: 'The token that wraps the native coin',
    takes: 'address',
    example: '0x4200000000000000000000000000000000000006',
    unset: PRESET,
  }),
  uniswapV3Factory: address().optional().register(notes, {
    group: 'Venues',
    description: 'Uniswap v3 factory whose pools fund and sell',
    takes: 'address',
    example: '0x1F98431c8aD98523631AE4a59f267346ea31F984',
    unset: PRESET,
  }),
  uniswapV2Factory: v2Factories().optional().register(notes, {
    group: 'Venues',
    description:
      'Uniswap v2 factory whose pairs sell, with `:` and its fee in bps where that is not 30. Repeat it, or put commas between, for several; none for none',
    takes: 'address',
    example: '0xcA143Ce32Fe78f1f7019d7d551a6402fC5350c73:25',
    unset: PRESET,
    isList: true,
  }),
  dryRun: onOff().prefault('false').register(notes, {
    group: 'Running',
    description: 'Do everything but send; needs no key',
    example: 'true',
    isSwitch: true,
  }),
  once: onOff().prefault('false').register(notes, {
    group: 'Running',
    description: 'Look at one head, act on it, then exit',
    example: 'true',
    isSwitch: true,
  }),
  store: text('expected a file, or memory').optional().register(notes, {
    group: 'Running',
    description:
      'File that keeps what was found and done from one run to the next, one for a chain; memory keeps nothing',
    takes: 'file',
    example: './base.sqlite',
    unset: "a file for the chain in XDG_STATE_HOME's plimsoll folder, else in ~/.plimsoll",
  }),
  rebuildStore: onOff().prefault('false').register(notes, {
    group: 'Running',
    description: 'Rename the store aside and read everything from the chain again',
    example: 'true',
    isSwitch: true,
  }),
  logLevel: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).prefault('info').register(notes, {
    group: 'Running',
    description: 'How much to tell: fatal, error, warn, info, debug, trace or silent',
    takes: 'level',
    example: 'debug',
  }),
  logFormat: oneOf(['pretty', 'json']).optional().register(notes, {
    group: 'Running',
    description: 'Log lines for people or for machines: pretty or json',
    takes: 'format',
    example: 'json',
    unset: 'pretty on a terminal, else json',
  }),
  config: text().optional().register(notes, {
    group: 'Running',
    description: 'JSON file of settings',
    takes: 'file',
    example: './base.json',
    unset: 'plimsoll.config.json, if there is one',
  }),
};

/** The settings one by one, without what they must be together. */
export const eachSetting = z.strictObject(shape);

/** The flags, the environment, the config file and the help, all at once. */
export const settingsSchema = eachSetting.superRefine((settings, ctx) => {
  const refuse = (message: string) => ctx.addIssue({ code: 'custom', message });
  const keys = [
    settings.account !== undefined && '--account',
    settings.keystore !== undefined && '--keystore',
    settings.privateKey !== undefined && 'PLIMSOLL_PRIVATE_KEY',
  ].filter((key) => key !== false);
  if (settings.protocol === undefined && settings.market === undefined) {
    const main = '--protocol aave-v3 watches its main market on the chain';
    refuse(`--protocol or --market is required: ${main}, --market 0x… one by its address`);
  }
  if (keys.length > 1) refuse(`${keys.join(' and ')} each name an operator key: keep one of them`);
  if (settings.dryRun) return;
  if (settings.liquidator === undefined) {
    refuse('--liquidator is required: the address that forge script Deploy printed (or pass --dry-run to only look)');
  }
  if (keys.length === 0) {
    refuse(
      'an operator key is required: pass --account or --keystore, or set PLIMSOLL_PRIVATE_KEY (or pass --dry-run)',
    );
  }
});

/** Every setting after parsing. Money is wei, gas prices are wei per gas, times are milliseconds, slippage is bps. */
export type Settings = z.output<typeof settingsSchema>;

/** The name of a setting: the config file's key. */
export type SettingName = keyof typeof shape;
