import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type Address,
  type Hash,
  type Hex,
  hexToBytes,
  hexToNumber,
  keccak256,
  parseAbiItem,
  parseEther,
  sliceHex,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { marketKey } from '../../keeper/src/store/key.ts';
import { APPLICATION_ID, migrations } from '../../keeper/src/store/migrations.ts';
import { endOf, lookInto, taken } from '../harness/blocks.ts';
import type { KeeperProcess, LogLine } from '../harness/keeper.ts';
import { following, lendToTheLine } from '../harness/markets.ts';
import { readRounds } from '../harness/plans.ts';
import { type RpcProxy, type RpcRequest, startProxy } from '../harness/proxy.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { inOrder, landedInHistory } from '../harness/told.ts';
import { setPrices } from '../lab/chain.ts';

const liquidationCall = parseAbiItem(
  'event LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)',
);
const FLAGS = ['--max-in-flight', '2', '--max-legs', '1'];
/** Heads after which nothing more is sent. */
const LATER = 3;

let scene: Scene;
let proxy: RpcProxy;
let asked: RpcRequest[];
let accounts: Address[];
beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  asked = [];
  proxy = await startProxy(scene.url, (request) => {
    asked.push(request);
    return undefined;
  });
  await lendToTheLine(scene, 'aave', ['WETH', 'WBTC']);
  accounts = [
    await openAccount(scene, 'taken over a', { collateral: { WETH: 25 }, debt: { USDC: 41_400 } }),
    await openAccount(scene, 'taken over b', { collateral: { WBTC: 1 }, debt: { DAI: 46_700 } }),
  ];
  await scene.client.setAutomine(false);
});
afterAll(async () => {
  await scene?.stop();
  await proxy?.stop();
});

/** Runs a keeper until two transactions are on their way, and kills it. */
async function leaveTwo(): Promise<{ keeper: KeeperProcess; sent: (LogLine & { hash: Hash; value: string })[] }> {
  const keeper = scene.keeper(FLAGS);
  await following(keeper, 1);
  await taken(scene, keeper);
  await setPrices(scene, { WETH: 1_980n * 10n ** 8n, WBTC: 59_400n * 10n ** 8n });
  const sent = () => keeper.lines.filter(({ msg }) => msg === 'sent');
  await keeper.waitFor(() => sent().length === 2);
  keeper.child.kill('SIGKILL');
  await keeper.ended;
  return { keeper, sent: sent() as never };
}

/** What the keeper signed: a key and a transaction have one signature. */
async function signedAgain(hash: Hash): Promise<{ signed: Hex; input: Hex; nonce: number; fees: [bigint, bigint] }> {
  const { nonce, to, input, gas, maxFeePerGas, maxPriorityFeePerGas } = await scene.client.getTransaction({ hash });
  const fees = { maxFeePerGas: maxFeePerGas!, maxPriorityFeePerGas: maxPriorityFeePerGas! };
  const transaction = {
    type: 'eip1559',
    chainId: 31337,
    nonce,
    to: to!,
    data: input,
    gas,
    value: 0n,
    ...fees,
  } as const;
  const signed = await privateKeyToAccount(scene.key).signTransaction(transaction);
  expect(keccak256(signed)).toBe(hash);
  return { signed, input, nonce, fees: [fees.maxFeePerGas, fees.maxPriorityFeePerGas] };
}

/** Writes down what a keeper of schema 1 would have, word for word: its own tables, in its own spelling. */
async function writeSchema1(path: string, { keeper, sent }: Awaited<ReturnType<typeof leaveTwo>>): Promise<void> {
  const { directory, operator, liquidator } = scene;
  const market = directory.aave.pool.toLowerCase();
  const { cursor, backfill, journal, rows } = lookInto(keeper, (store) => {
    const { accounts: all, ...rest } = store.market(marketKey('aave-v3', directory.aave.pool)).load();
    return { ...rest, rows: [...all] };
  });
  const db = new DatabaseSync(path);
  const insert = (table: string, ...values: (string | number | bigint | Uint8Array | null)[]) =>
    db.prepare(`INSERT INTO ${table} VALUES (${values.map(() => '?')})`).run(...values);
  const bytes = (addresses: readonly Address[]) => Buffer.from(addresses.map((each) => each.slice(2)).join(''), 'hex');
  const now = new Date().toISOString();
  migrations[0]!(db);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1`);
  insert('store', 1, 31_337, 1, now, null);
  const at = [cursor!.number, cursor!.hash, cursor!.timestamp] as const;
  insert('markets', 1, 'aave-v3', market, ...at, backfill!.fromBlock, backfill!.nextBlock, 1);
  for (const [address, row] of rows) insert('accounts', 1, hexToBytes(address), row);
  for (const { number, hash, parentHash, touched, found } of journal)
    insert('blocks', 1, number, hash, parentHash, bytes(touched), bytes(found));
  for (const [index, { hash, value, gas }] of sent.entries()) {
    const { signed, input, nonce, fees } = await signedAgain(hash);
    const legs = readRounds(input).flatMap((round) => round.legs);
    const named = legs.map(({ account, debt, collateral }) =>
      [account, debt, collateral].map((each) => each.toLowerCase()),
    );
    const wei = String(parseEther(value));
    const validUntil = String(hexToNumber(sliceHex(input, 4, 9)));
    const who = [operator.toLowerCase(), nonce, liquidator.toLowerCase()] as const;
    const what = [hexToBytes(input), hexToBytes(signed), JSON.stringify([hash])] as const;
    const worth = [wei, String(gas), null, wei, String(fees[0]), String(fees[1]), validUntil] as const;
    insert(
      'attempts',
      ...[index + 1, 'aave-v3', market, JSON.stringify(named), ...who, ...what, 'sent', null],
      ...[...worth, cursor!.number, now, now],
    );
    for (const [account] of named) insert('candidates', 'aave-v3', market, account!, 'sent', null, null, null, now);
  }
  db.close();
}

/**
 * Of a request for logs, whether it searches history: for the one event that finds borrowers. The last blocks are looked at again
 * for all events at once.
 */
const searches = ({ method, params }: RpcRequest) => {
  const { blockHash, topics } = (params[0] ?? {}) as { blockHash?: Hex; topics?: [readonly Hex[]] };
  return method === 'eth_getLogs' && blockHash === undefined && topics?.[0].length === 1;
};

test('a store of schema 1 with two transactions in flight is taken over: nothing searched again, nothing sent twice', async () => {
  const { client, operator } = scene;
  const left = await leaveTwo();
  const hashes = left.sent.map(({ hash }) => hash).sort();
  const store = join(scene.folder, 'schema-1.sqlite');
  await writeSchema1(store, left);

  const keeper = scene.keeper([...FLAGS, '--store', store], proxy.url);
  await following(keeper, 1);
  await taken(scene, keeper);
  const up = keeper.lines.filter(({ msg }) => msg === 'taken up');
  expect(up.map(({ nonce }) => nonce).sort()).toEqual([0, 1]);
  expect(up.map(({ hash }) => hash as Hash).sort()).toEqual(hashes);
  expect(up.map(({ account }) => account as Address).sort()).toEqual([...accounts].sort());
  const every = keeper.lines.find(({ msg }) => msg === 'every borrower is read')!;
  expect(every.accounts).toBeGreaterThanOrEqual(scene.directory.borrowers.length + accounts.length);

  for (let block = 0; block <= LATER; block++) {
    await client.mine({ blocks: 1 });
    await taken(scene, keeper);
  }
  const landed = keeper.lines.filter(({ msg }) => msg === 'landed');
  expect(landed.map(({ hash }) => hash as Hash).sort()).toEqual(hashes);
  expect(asked.filter(searches)).toEqual([]);
  // To hand over the very same again would be no second transaction.
  const handed = asked
    .filter(({ method }) => method === 'eth_sendRawTransaction')
    .map(({ params }) => params[0] as Hex);
  expect(hashes).toEqual(expect.arrayContaining(handed.map((raw) => keccak256(raw))));
  expect(await client.getTransactionCount({ address: operator })).toBe(2);

  const { pool } = scene.directory.aave;
  const logs = await client.getLogs({ address: pool, event: liquidationCall, fromBlock: 0n });
  const happened = logs.map(({ args }) => ({
    account: args.user!,
    market: pool,
    debt: args.debtAsset!,
    collateral: args.collateralAsset!,
    repaid: args.debtToCover!,
    seized: args.liquidatedCollateralAmount!,
  }));
  expect(happened).toHaveLength(2);
  expect(inOrder(landedInHistory(keeper))).toEqual(inOrder(happened));
  expect(await endOf(scene, keeper)).toBe(0);
});
