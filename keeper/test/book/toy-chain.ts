// A chain in memory with one market of a made-up protocol, which follows protocols/protocol.ts: every account owes one number, which
// a block's logs or silence may change. Checked against nothing: it only has to keep what a tracker must keep.
import { type Address, type Hash, type Hex, numberToHex, padHex, parseAbiItem, toEventSelector } from 'viem';
import { type SharedLogs, shareLogs } from '../../src/book/share-logs.ts';
import type { TrackerOptions } from '../../src/book/tracker.ts';
import type { Chain } from '../../src/chain/client.ts';
import { type Head, headOf } from '../../src/chain/head.ts';
import type { RawLog } from '../../src/chain/logs.ts';
import type { Account, Market, MarketState, Protocol, View } from '../../src/protocols/protocol.ts';
import { marketKey } from '../../src/store/key.ts';
import { openStore, type Store } from '../../src/store/store.ts';

export const POOL: Address = padHex('0xaa', { size: 20 });
const borrow = parseAbiItem('event Borrow(address indexed user)');
const touch = parseAbiItem('event Touch(address indexed user)');
const listed = parseAbiItem('event Listed()');
const selector = { borrow: toEventSelector(borrow), touch: toEventSelector(touch), listed: toEventSelector(listed) };

export const person = (n: number): Address => padHex(numberToHex(n), { size: 20 });
/** What one block does: whom its logs name, and what everybody owes afterwards. */
export type Doings = { borrows?: number[]; touches?: number[]; lists?: boolean; owes?: Record<number, bigint> };
type Block = Head & { logs: RawLog[]; debts: ReadonlyMap<Address, bigint> };

/** A chain that grows and forks, with what the market says at each block. */
export function toyChain() {
  const all = new Map<Hash, Block>();
  let canonical: Block[] = [];
  let made = 0;
  const asked: string[] = [];
  let failing: RegExp | undefined;
  /** Blocks of whose logs the node gives, as yet, no more than the first few. */
  const withheld = new Map<Hash, number>();
  let deaf = false;

  function logOf(at: Hash, number: bigint, topics: Hex[]): RawLog {
    return { address: POOL, topics, data: '0x', blockHash: at, blockNumber: number } as unknown as RawLog;
  }

  /** Adds a block behind the last. */
  function mine({ borrows = [], touches = [], lists = false, owes = {} }: Doings = {}): Block {
    const parent = canonical.at(-1);
    made += 1;
    const hash = padHex(numberToHex(made));
    const debts = new Map(parent?.debts);
    for (const [n, amount] of Object.entries(owes)) debts.set(person(Number(n)), amount);
    const number = BigInt(canonical.length);
    const raw = {
      number: numberToHex(number),
      hash,
      parentHash: parent?.hash ?? padHex('0x'),
      timestamp: numberToHex(number * 12n + 1n),
    };
    const logs = [
      ...borrows.map((n) => logOf(hash, number, [selector.borrow, padHex(person(n))])),
      ...touches.map((n) => logOf(hash, number, [selector.touch, padHex(person(n))])),
      ...(lists ? [logOf(hash, number, [selector.listed])] : []),
    ];
    const block = { ...headOf(raw), logs, debts };
    all.set(hash, block);
    canonical.push(block);
    return block;
  }

  const answer = (method: string): void => {
    asked.push(method);
    if (failing?.test(method)) throw new Error(`the node fails at ${method}`);
  };
  const rawOf = (block: Block | undefined) => {
    if (!block) throw new Error('no such block');
    const { number, hash, parentHash, timestamp } = block;
    return { number: numberToHex(number), hash, parentHash, timestamp: numberToHex(timestamp) };
  };
  function rangeOf(from: number, to: number) {
    return canonical.slice(from, to + 1).flatMap(({ number, logs }) => {
      const where = { blockNumber: numberToHex(number), logIndex: '0x0', transactionIndex: '0x0' };
      return logs.map((log) => ({ ...log, ...where }));
    });
  }

  const client = {
    async request({ method, params }: { method: string; params: readonly never[] }) {
      answer(method);
      if (method === 'eth_getBlockByNumber') return rawOf(canonical[Number(params[0])]);
      if (method === 'eth_getBlockByHash') return rawOf(all.get(params[0]!));
      if (method === 'eth_getLogs') {
        const { fromBlock, toBlock, topics } = params[0] as unknown as {
          fromBlock: Hex;
          toBlock: Hex;
          topics: [Hex[]];
        };
        return deaf
          ? []
          : rangeOf(Number(fromBlock), Number(toBlock)).filter((log) => topics[0].includes(log.topics[0]!));
      }
      throw new Error(`${method} is not known here`);
    },
  };

  /** One endpoint, which is that client. */
  const endpointsOf = ({ request }: typeof client) => {
    const member = { head: undefined, lacks: new Set() };
    const ask = (_: unknown, body: never) => request(body);
    const look = async () => Object.assign(member, { head: canonical.at(-1) });
    const nothing = { newest: () => undefined, charge: () => {}, troubles: () => 'none' };
    return { members: [member], ranked: () => [member], ask, look, ...nothing };
  };

  let opened = 0;
  const market = (at: Block, silent: boolean): Market => ({
    key: marketKey('toy', POOL),
    assets: [],
    discovery: {
      addresses: [POOL],
      events: [borrow, touch, listed],
      backfill: { addresses: [POOL], events: [borrow] },
      accounts: ({ topics }) => (topics[1] ? [`0x${topics[1].slice(26)}`] : []),
      reopens: ({ topics }) => topics[0] === selector.listed,
    },
    changesSilently: silent,
    async read(_, block) {
      answer('read');
      if (!all.has(block.hash)) throw new Error('no such block');
      return { block, openedAt: at.number } as MarketState;
    },
    async readAccounts(_, { block }, keys) {
      answer(`readAccounts ${keys.length}`);
      const { debts } = all.get(block.hash)!;
      const read = keys.map((key): [Address, Account] => {
        const amount = debts.get(key) ?? 0n;
        return [key, { address: key, group: 0, cells: amount > 0n ? [{ slot: 0, amount }] : [] }];
      });
      return new Map(read);
    },
    async totalDebts(_, { block }) {
      answer('totalDebts');
      const amount = [...all.get(block.hash)!.debts.values()].reduce((sum, debt) => sum + debt, 0n);
      return [{ asset: { address: POOL, symbol: 'TOY', decimals: 0 }, slot: 0, amount }];
    },
    stressed: (state) => state,
    at: (state, accounts, moment) => ({ state, accounts, moment }) as unknown as View,
  });

  return {
    asked,
    mine,
    get head() {
      return canonical.at(-1)!;
    },
    /** Blocks so far. */
    get size() {
      return canonical.length;
    },
    /** The logs of a range of blocks, as a node gives them. */
    logsIn: rangeOf,
    get opened() {
      return opened;
    },
    /** Adds a block of whose logs the node has heard only some as yet. */
    mineUnheard(doings: Doings, heard = 0): Block {
      const block = mine(doings);
      withheld.set(block.hash, heard);
      return block;
    },
    /** Whether the node finds no logs in any range of blocks. */
    deafen(is: boolean): void {
      deaf = is;
    },
    /** Takes the last blocks off the chain. */
    unwind(depth: number): void {
      canonical = canonical.slice(0, -depth);
    },
    /** Lets the node fail at what is asked like this. */
    fail(at?: RegExp): void {
      failing = at;
    },
    /** What a tracker of the market is opened with, on a store of its own or a given one. */
    options(
      store: Store = openStore({ path: ':memory:', chainId: 1 }),
      silent = false,
    ): TrackerOptions & { said: string[] } {
      const chain = { client, endpoints: endpointsOf(client) } as unknown as Chain;
      const said: string[] = [];
      const say = (_: unknown, text: string) => said.push(text);
      const ask = async (_: unknown, { hash }: { hash: Hash }) => {
        answer('block logs');
        return all.get(hash)!.logs.slice(0, withheld.get(hash));
      };
      const protocol = {
        id: 'toy',
        open: async (_c: unknown, _a: unknown, _u: unknown, block: Head) => {
          opened += 1;
          return market(all.get(block.hash)!, silent);
        },
      } as unknown as Protocol;
      const logs: SharedLogs = shareLogs(chain, ask as never);
      return {
        ...{ chain, protocol, name: 'toy', address: POOL, us: { liquidator: POOL, wrappedNative: POOL } },
        ...{ store: store.market(marketKey('toy', POOL)), fromBlock: 0n, range: 1_000, logs, said },
        head: async () => canonical.at(-1)!,
        signal: new AbortController().signal,
        log: { info: say, warn: say, debug: say } as unknown as TrackerOptions['log'],
      };
    },
  };
}
