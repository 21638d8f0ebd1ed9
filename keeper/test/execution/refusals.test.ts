import { describe, expect, test } from 'vitest';
import { refusalOf } from '../../src/execution/refusals.ts';
import { rpcError } from './node.ts';

const ETHER = 10n ** 18n;
const GWEI = 10n ** 9n;

describe('a node lets no transaction cost more', () => {
  test.each([
    ['geth, Erigon', 'tx fee (1.78 ether) exceeds the configured cap (1.00 ether)', ETHER],
    ['bor', 'tx fee (12.10 matic) exceeds the configured cap (5.50 matic)', 55n * 10n ** 17n],
    ['reth', 'tx fee (2000000000000000000 wei) exceeds the configured cap (1000000000000000000 wei)', ETHER],
    ['one that counts in gwei', 'tx fee (3 gwei) exceeds the configured cap (2.5 gwei)', 25n * 10n ** 8n],
  ])('than it says: %s', (_, words, most) => {
    expect(refusalOf(rpcError(words))).toEqual({ kind: 'cap', most });
  });

  test.each(['Transaction fee cap exceeded', 'tx fee (0.01 ether) exceeds the configured cap (0.00 ether)'])(
    'without a number to keep to: %s',
    (words) => {
      expect(refusalOf(rpcError(words))).toEqual({ kind: 'cap' });
    },
  );
});

describe('a node asks a higher tip', () => {
  test.each([
    ['geth, bor', 'transaction gas price below minimum: gas tip cap 1, minimum needed 25000000000', 25n * GWEI],
    ['older geth', 'transaction underpriced: gas tip cap 1000000000, minimum needed 3000000000', 3n * GWEI],
    ['older bor', 'transaction underpriced: tip needed 30000000000, tip permitted 1', 30n * GWEI],
    ['reth', 'transaction priority fee below minimum required priority fee 2000000000', 2n * GWEI],
    ['one that counts in gwei', 'max priority fee too low: minimum is 1.5 gwei', 15n * 10n ** 8n],
    ['words unknown', 'tip too low (1 < 7000000000)', 7n * GWEI],
  ])('and says which: %s', (_, words, least) => {
    expect(refusalOf(rpcError(words))).toEqual({ kind: 'tip', least });
  });

  test.each([
    'underpriced',
    'fee too low',
    'Gas price below configured minimum',
    'FeeTooLow',
    'transaction underpriced',
  ])('and does not say which: %s', (words) => {
    expect(refusalOf(rpcError(words))).toEqual({ kind: 'tip' });
  });

  test('of which the base fee is a part', () => {
    const words = 'FeeTooLow, FeePerGas needs to be higher than 31000000000 to be added to the TxPool. FeePerGas: 1.';
    expect(refusalOf(rpcError(words))).toEqual({ kind: 'price', least: 31n * GWEI });
  });
});

describe('a node lets no transaction bring more gas', () => {
  test.each([
    ['geth', 'transaction gas limit too high (cap: 16777216, tx: 20000000)', 16_777_216n],
    ['one with a limit of its own', 'gas limit exceeds maximum of 8000000', 8_000_000n],
  ])('than it says: %s', (_, words, most) => {
    expect(refusalOf(rpcError(words))).toEqual({ kind: 'gas', most });
  });

  test.each(['exceeds block gas limit', 'intrinsic gas too high -- tx.gas_limit > env.cfg.tx_gas_limit_cap'])(
    'without a number: %s',
    (words) => {
      expect(refusalOf(rpcError(words))).toEqual({ kind: 'gas' });
    },
  );
});

test.each([
  'insufficient funds for gas * price + value: address 0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A have 2 want 3',
  'Insufficient funds for gas * price + value',
  'InsufficientFunds, Account balance: 2, cumulative cost: 3',
  'Upfront cost exceeds account balance',
])('the sender holds too little: %s', (words) => {
  expect(refusalOf(rpcError(words))).toEqual({ kind: 'funds' });
});

test.each([
  'replacement transaction underpriced',
  'max fee per gas less than block base fee: address 0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A, maxFeePerGas: 1, baseFee: 7',
  'FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 1, BaseFee: 7, MaxPriorityFeePerGas: 1, Block number: 9',
  'nonce too low: next nonce 5, tx nonce 4',
  'already known',
  'execution reverted',
  'no room for it',
])('nothing is said of money that is enough for another: %s', (words) => {
  expect(refusalOf(rpcError(words))).toBeUndefined();
});
