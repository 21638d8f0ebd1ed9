// A keeper's hold on a store, in a process of its own that tests can kill: `hold` opens it and waits, `commit` opens it and
// commits without end, saying the number of each commit once it is made.
import { writeSync } from 'node:fs';
import type { Address } from 'viem';
import { accountClaim } from '../src/store/key.ts';
import { openStore } from '../src/store/store.ts';

const [what, path] = process.argv.slice(2) as ['hold' | 'commit', string];
const market = 'aave-v3:0x87870bca3f3fd6335c3f4ce8392d69350b4fa4e2' as const;
const say = (word: string | number) => writeSync(1, `${word}\n`);

const store = openStore({ path, chainId: 1 });
if (what === 'hold') {
  say('holding');
  setInterval(() => {}, 60_000);
}

const accounts = Array.from({ length: 300 }, (_, index): Address => `0x${(index + 1).toString(16).padStart(40, '0')}`);
const room = store.market(market);
let number = room.load().cursor?.number ?? 0n;
while (what === 'commit') {
  number += 1n;
  const hash = `0x${number.toString(16).padStart(64, '0')}` as const;
  const row = new TextEncoder().encode(String(number));
  store.atomic(() => {
    room.commit({
      rows: accounts.map((account) => [account, row]),
      cursor: { number, hash, timestamp: number * 12n },
      journal: { add: [{ number, hash, parentHash: hash, touched: accounts, found: [] }], keep: 10 },
    });
    store.standings.set(accountClaim(market, accounts[0]!), { state: 'sent', reason: String(number) });
  });
  say(Number(number));
}
