import { type Address, type PublicClient, parseAbi, parseAbiItem, zeroAddress } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aaveV3 } from '../../keeper/src/protocols/aave-v3/index.ts';
import { chooseMarkets } from '../../keeper/src/protocols/choose.ts';
import { deploy } from '../harness/deploy.ts';
import { type KeeperProcess, startKeeper } from '../harness/keeper.ts';
import { labAddress } from '../lab/borrowers.ts';
import { testClient } from '../lab/chain.ts';
import { type Anvil, startAnvil } from '../lab/node.ts';

const poolAbi = parseAbi([
  'function getUserAccountData(address) view returns (uint256 collateral, uint256 debt, uint256, uint256, uint256, uint256 healthFactor)',
]);
const borrow = parseAbiItem(
  'event Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint8 interestRateMode, uint256 borrowRate, uint16 indexed referralCode)',
);

/** A network to fork. */
type Network = {
  chainId: number;
  url: string;
  /** The market's address; the chain's main market when left out. */
  market?: Address;
  /** Flags for what the chain has no preset for. */
  flags?: readonly string[];
  /** How far back borrowers are searched for, blocks. */
  blocks: bigint;
};

const SAMPLE = 50;
const REFUSED = /^plimsoll: .*Aave v3 revision \d+ at 0x[0-9a-fA-F]{40} is not supported: /m;

/** The tests every network gets: deploy, a dry run of the keeper, and health against the market's own word. */
export function networkSuite(describeNetwork: () => Network): void {
  let node: Anvil;
  let network: Network;
  let market: Address;
  let fromBlock: bigint;
  let keeper: KeeperProcess;
  let code: number | null;

  beforeAll(async () => {
    network = describeNetwork();
    node = await startAnvil({ forkUrl: network.url, autoImpersonate: true });
    const client = testClient(node.url);
    market = network.market ?? (await mainMarket(client as unknown as PublicClient));
    const head = await client.getBlockNumber({ cacheTime: 0 });
    fromBlock = head > network.blocks ? head - network.blocks : 0n;
    const owner = labAddress(0, 'owner');
    await client.setBalance({ address: owner, value: 10n ** 20n });
    const roles = { owner, treasury: labAddress(0, 'treasury'), operators: [owner] };
    const { liquidator } = await deploy(node.url, owner, roles);
    keeper = startKeeper([
      ...['--protocol', 'aave-v3', '--chain', String(network.chainId), '--rpc', node.url, '--market', market],
      ...['--liquidator', liquidator, '--from-block', String(fromBlock), '--dry-run', '--once'],
      ...(network.flags ?? []),
    ]);
    code = await keeper.ended;
  });
  afterAll(async () => {
    keeper?.child.kill('SIGKILL');
    await node?.stop();
  });

  const refused = () => REFUSED.test(keeper.output());

  test('the keeper reads the market, or refuses its revision in one line', () => {
    expect([0, 1]).toContain(code);
    if (code === 1) expect(keeper.output()).toMatch(REFUSED);
    else expect(keeper.lines.map(({ msg }) => msg)).toContain('every borrower is read');
  });

  test('it finds every borrower of the blocks it searched', async ({ skip }) => {
    skip(refused(), 'the revision is not supported');
    const found = keeper.lines.find(({ msg }) => msg === 'every borrower is read')!;
    expect(found.accounts).toBe((await borrowers(BigInt(found.head as string))).length);
    expect(found.accounts).toBeGreaterThan(0);
  });

  test('health is what the Pool says, to the last unit', async ({ skip }) => {
    skip(refused(), 'the revision is not supported');
    const client = testClient(node.url) as unknown as PublicClient;
    const { number, hash, timestamp } = await client.getBlock();
    const block = { number: number!, hash: hash!, timestamp };
    // Nobody liquidates here.
    const opened = await aaveV3.open(client, market, { liquidator: zeroAddress, wrappedNative: zeroAddress }, block);
    const state = await opened.read(client, block);
    const accounts = await opened.readAccounts(client, state, (await borrowers(number!)).slice(0, SAMPLE));
    const view = opened.at(state, (key) => accounts.get(key), { timestamp, number: number! });
    expect(accounts.size).toBeGreaterThan(0);
    for (const address of accounts.keys()) {
      const answer = await client
        .readContract({
          address: market,
          abi: poolAbi,
          functionName: 'getUserAccountData',
          args: [address],
          blockNumber: block.number,
        })
        .catch(() => undefined);
      const ours = view.health(address);
      // The Pool has no word for an account one of whose prices reverts; neither have we.
      if (!answer) expect(ours).toHaveProperty('error');
      else expect(ours).toMatchObject({ collateralBase: answer[0], debtBase: answer[1], healthFactor: answer[5] });
    }
  });

  async function mainMarket(client: PublicClient): Promise<Address> {
    const [main] = await chooseMarkets({ protocol: ['aave-v3'], market: undefined }, network.chainId, client);
    return main!.address;
  }

  async function borrowers(toBlock: bigint): Promise<Address[]> {
    const client = testClient(node.url) as unknown as PublicClient;
    const found = new Set<Address>();
    for (let from = fromBlock; from <= toBlock; from += 500n) {
      const to = from + 499n < toBlock ? from + 499n : toBlock;
      const logs = await client.getLogs({ address: market, event: borrow, fromBlock: from, toBlock: to });
      for (const { args } of logs) found.add(args.onBehalfOf!);
    }
    return [...found];
  }
}
