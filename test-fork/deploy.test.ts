import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Address, type Hex, keccak256, parseAbi, stringToHex, zeroAddress } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deploy, deployEnv, forgeDeploy, type Roles } from './harness/deploy.ts';
import { labAddress } from './lab/borrowers.ts';
import { testClient } from './lab/chain.ts';
import { type Anvil, type AnvilOptions, startAnvil } from './lab/node.ts';
import { root } from './lab/paths.ts';

const abi = parseAbi([
  'function owner() view returns (address)',
  'function treasury() view returns (address)',
  'function operators(address) view returns (bool)',
]);
const roles: Roles = {
  owner: labAddress(0, 'owner'),
  treasury: labAddress(0, 'treasury'),
  operators: [labAddress(0, 'operator'), labAddress(0, 'second operator')],
};
const key = keccak256(stringToHex('plimsoll deployer'));

const nodes: Anvil[] = [];
const start = async (options: AnvilOptions) => {
  const node = await startAnvil(options);
  nodes.push(node);
  return node;
};
afterAll(() => Promise.all(nodes.map(({ stop }) => stop())));

/** What a chain shows of the sender and of time: equal before and after when nothing was sent. */
async function mark({ url }: Anvil, sender: Address) {
  const client = testClient(url);
  return {
    block: await client.getBlockNumber({ cacheTime: 0 }),
    nonce: await client.getTransactionCount({ address: sender }),
  };
}

describe('two chains, twice each', () => {
  let chains: { node: Anvil; sender: Address; liquidator: Address; code: Hex | undefined }[];
  beforeAll(async () => {
    chains = await Promise.all(
      [31337, 7777].map(async (chainId, index) => {
        const node = await start({ chainId });
        // Not the same account pays: the address may not depend on it.
        const sender = (await testClient(node.url).getAddresses())[index]!;
        const { liquidator } = await deploy(node.url, sender, roles);
        return { node, sender, liquidator, code: await testClient(node.url).getCode({ address: liquidator }) };
      }),
    );
  });

  test('the same address and the same code', () => {
    expect(chains[0]!.liquidator).toBe(chains[1]!.liquidator);
    expect(chains[0]!.code).toBe(chains[1]!.code);
    expect(chains[0]!.code!.length).toBeGreaterThan(1_000);
  });

  test('owner, treasury and operators are those asked for', async () => {
    for (const { node, liquidator } of chains) {
      const client = testClient(node.url);
      const contract = { address: liquidator, abi } as const;
      expect(await client.readContract({ ...contract, functionName: 'owner' })).toBe(roles.owner);
      expect(await client.readContract({ ...contract, functionName: 'treasury' })).toBe(roles.treasury);
      const mayExecute = (who: Address) => client.readContract({ ...contract, functionName: 'operators', args: [who] });
      expect(await Promise.all(roles.operators.map(mayExecute))).toEqual([true, true]);
      expect(await mayExecute(roles.owner)).toBe(false);
    }
  });

  test('the second run finds it and sends nothing', async () => {
    for (const { node, sender, liquidator } of chains) {
      const before = await mark(node, sender);
      expect(before.nonce).toBe(1);
      const second = await deploy(node.url, sender, roles);
      expect(second.liquidator).toBe(liquidator);
      expect(second.output).toContain('Already deployed with these inputs, code checked: nothing to send.');
      expect(await mark(node, sender)).toEqual(before);
    }
  });

  test('other inputs, another address', async () => {
    const { node, sender, liquidator } = chains[0]!;
    const other = await deploy(node.url, sender, { ...roles, treasury: labAddress(0, 'another treasury') });
    expect(other.liquidator).not.toBe(liquidator);
    expect(await testClient(node.url).getCode({ address: other.liquidator })).toBeDefined();
  });

  test('with --private-key: the same address, and no trace of key or endpoint in what git would take', async () => {
    const node = await start({ chainId: 31337 });
    const sender = privateKeyToAccount(key).address;
    await testClient(node.url).setBalance({ address: sender, value: 10n ** 18n });
    const status = () =>
      git('status', '--porcelain', '--', 'script', 'lib', 'foundry.toml', 'broadcast', 'cache-deploy', 'out-deploy');
    const before = await status();
    const { code, stdout, stderr } = await forgeDeploy(node.url, ['--private-key', key], deployEnv(roles));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Liquidator ${chains[0]!.liquidator} on chain 31337`);
    expect((await mark(node, sender)).nonce).toBe(1);

    expect(await status()).toBe(before);
    const secrets = ['-e', key.slice(2), '-e', node.url];
    // Tracked files and those that would be added; git grep ends with 1 when nothing is found.
    await expect(git('grep', '--untracked', '-lF', ...secrets)).rejects.toMatchObject({ code: 1, stdout: '' });
    expect(stdout).not.toContain(key.slice(2));
  });
});

describe('refused with one line, and nothing is sent', () => {
  let node: Anvil;
  beforeAll(async () => {
    node = await start({});
  });

  test.for<[string, Partial<Roles>, string]>([
    ['no owner', { owner: zeroAddress }, 'set OWNER to the cold key that configures the Liquidator'],
    ['no treasury', { treasury: zeroAddress }, 'set TREASURY to the address that receives every profit'],
    ['a zero operator', { operators: [roles.owner, zeroAddress] }, 'OPERATORS has the zero address in it'],
  ])('%s', async ([, changed, reason]) => {
    await refused(node, { ...roles, ...changed }, reason);
  });

  test('a chain without cancun', async () => {
    const reason = 'this chain lacks the cancun opcodes (transient storage, MCOPY) that the Liquidator needs';
    await refused(await start({ hardfork: 'Shanghai' }), roles, reason);
  });

  test('a chain without the CREATE2 deployer', async () => {
    const bare = await start({ 'disable-default-create2-deployer': true });
    const deployer = '0x4e59b44847b379578588920cA78FbF26c0B4956C';
    await refused(bare, roles, `the CREATE2 deployer ${deployer} is not on this chain; deploy it first`);
  });
});

async function refused(node: Anvil, inputs: Roles, reason: string): Promise<void> {
  const [sender] = await testClient(node.url).getAddresses();
  const before = await mark(node, sender!);
  const { code, stderr } = await forgeDeploy(node.url, ['--unlocked', '--sender', sender!], deployEnv(inputs));
  expect(code).toBe(1);
  expect(stderr.trim()).toBe(`Error: script failed: Deploy: ${reason}`);
  expect(await mark(node, sender!)).toEqual(before);
}

async function git(...args: string[]): Promise<string> {
  return (await promisify(execFile)('git', args, { cwd: root })).stdout;
}
