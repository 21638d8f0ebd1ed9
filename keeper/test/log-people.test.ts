import { describe, expect, test } from 'vitest';
import { createLogger } from '../src/log/log.ts';
import { inWords } from '../src/log/people.ts';

const account = '0x9f7600000000000000000000000000000000200E';
const hash = `0x6153${'0'.repeat(60)}`;
const money = { value: '5.468', gas: '441000', fee: '0.00021', hash };

describe('in words for people', () => {
  test.each<[string, Record<string, unknown>, string]>([
    [
      'a leg that landed',
      { msg: 'landed', account, repaid: '78558.4 USDC', seized: '44.3712 WETH', profit: ['5.4 WETH'], ...money },
      'landed 0x9f76…200E  78,558 USDC → 44.37 WETH  +5.47 ETH  gas 0.0002  0x6153…',
    ],
    [
      'a plan that was sent',
      {
        msg: 'sent',
        who: [account, account],
        way: 'flash swap',
        gasCost: '0.0123456',
        ...{ ...money, fee: undefined },
      },
      'sent 2 accounts  +5.47 ETH  gas 0.0123  0x6153…',
    ],
    [
      'a plan that landed',
      { msg: 'plan landed', legs: '73', skipped: '2', tip: '0', flashFee: '0', ...money, fee: '0' },
      'plan landed 73 legs, 2 skipped  +5.47 ETH  gas 0  0x6153…',
    ],
    [
      'a leg that did not',
      { msg: 'lost', account, reason: 'a rival was first', hash },
      'lost 0x9f76…200E  a rival was first  0x6153…',
    ],
    [
      'a market at a head',
      {
        msg: 'head',
        head: '23',
        timestamp: '1',
        protocol: 'aave-v3',
        market: 'core',
        accounts: 320,
        underwater: 26,
        touched: 1,
      },
      'head 23  core  26 under water of 320',
    ],
    [
      'a beat',
      { msg: 'watching', head: '9', accounts: 320, underwater: 0, account, slack: 0.0123, repeats: 0 },
      'watching 9  320 accounts, 0 under water  nearest 0x9f76…200E 1.23 %',
    ],
    [
      'what no sentence is made for',
      {
        level: 'warn',
        msg: 'endpoint is set aside',
        endpoint: 'x',
        retryAt: '12',
        err: { type: 'E', message: 'no', causes: ['why'] },
      },
      'endpoint is set aside endpoint x  retryAt 12  err no; because: why',
    ],
    [
      'amounts that are very small',
      { msg: 'sent', account, value: '0.000001234', fee: '1234.5', hash },
      'sent 0x9f76…200E  +0.000001 ETH  gas 1,235  0x6153…',
    ],
  ])('%s is one line', (_, line, words) => {
    expect(inWords(line, 'ETH')).toBe(words);
  });

  test('the log of a terminal calls the coin what the chain calls it', async () => {
    let out = '';
    const log = await createLogger({ format: 'pretty', level: 'info' }, { write: (line) => (out += line) });
    log.info({ chain: '100 (Gnosis)', coin: 'XDAI' }, 'ready');
    log.info({ account, repaid: '1 USDC', seized: '2 WETH', ...money, units: {} }, 'landed');
    expect(out).toMatch(
      /INFO: landed 0x9f76…200E {2}1\.00 USDC → 2\.00 WETH {2}\+5\.47 XDAI {2}gas 0\.0002 {2}0x6153…\n$/,
    );
    expect(out.split('\n')).toHaveLength(3);
  });
});
