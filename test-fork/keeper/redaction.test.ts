import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { withBinaries } from '../harness/deploy.ts';
import { labFlags, startKeeper } from '../harness/keeper.ts';
import { isRehearsal, type RpcProxy, startProxy } from '../harness/proxy.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { setPrice } from '../lab/chain.ts';

const password = 'correct horse battery staple';
const secrets = {
  user: 'someone-paying',
  login: 'hunter2-hunter2',
  path: 'p4thSecretOfTheNode',
  query: 'qu3rySecretOfTheNode',
};

describe('a keystore and an endpoint full of secrets, at --log-level trace', () => {
  let scene: Scene;
  let proxy: RpcProxy;
  let folder: string;
  beforeAll(async () => {
    scene = await openScene(inject('labUrl'));
    await openAccount(scene, 'half', { collateral: { WETH: 25 }, debt: { USDC: 36_000 } });
    folder = await mkdtemp(join(tmpdir(), 'plimsoll-keystore-'));
    await writeFile(join(folder, 'password'), `${password}\n`, { mode: 0o600 });
    const wallet = ['wallet', 'import', 'operator', '--keystore-dir', folder];
    await promisify(execFile)('cast', [...wallet, '--private-key', scene.key, '--unsafe-password', password], {
      env: withBinaries(),
    });
    await setPrice(scene, 'WETH', 1_700n * 10n ** 8n);
  });
  afterAll(async () => {
    await scene?.stop();
    await proxy?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test('success, a revert, a node that quotes the URL, and a dead endpoint: nothing gets out, and Ctrl-C ends it with 0', async () => {
    let refused = 0;
    proxy = await startProxy(scene.url, (request, path) => {
      // A node that repeats in its error what it was asked, as gateways do.
      if (!isRehearsal(request) || refused >= 2) return undefined;
      refused += 1;
      const message = `execution reverted: no backend for ${proxy.url}${path} (key ${secrets.query})`;
      return { error: { code: 3, message } };
    });
    const endpoint = new URL(`${proxy.url}/v2/${secrets.path}?apikey=${secrets.query}`);
    [endpoint.username, endpoint.password] = [secrets.user, secrets.login];
    const flags = [
      ...labFlags(scene.directory, endpoint.href),
      ...['--liquidator', scene.liquidator, '--polling-interval', '50', '--log-level', 'trace'],
      ...['--keystore', join(folder, 'operator'), '--password-file', join(folder, 'password')],
    ];
    const keeper = startKeeper(flags);
    await keeper.waitFor(({ msg }) => msg === 'skipped');
    await keeper.waitFor(({ msg }) => msg === 'landed');
    expect(refused).toBe(2);

    const { pid } = keeper.child;
    if (existsSync(`/proc/${pid}/cmdline`)) {
      const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
      expect(commandLine).toContain('--keystore');
      expect(commandLine).not.toContain(scene.key.slice(2));
      expect(commandLine).not.toContain(password);
      expect(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).toBe('');
    }

    await proxy.stop();
    await keeper.waitFor(({ msg }) => msg === 'could not read the newest head; trying again');
    expect(await keeper.stop()).toBe(0);

    const output = keeper.output().toLowerCase();
    for (const secret of [scene.key.slice(2), password, ...Object.values(secrets)]) {
      expect(output).not.toContain(secret.toLowerCase());
    }
    expect(output).not.toContain(Buffer.from(`${secrets.user}:${secrets.login}`).toString('base64').toLowerCase());
    // Shown by its origin instead.
    expect(keeper.output()).toContain(proxy.url);
    expect(keeper.output()).not.toMatch(/^\s+at /m);
    expect(keeper.lines.at(-1)!.msg).toMatch(/^plimsoll stops/);
  });
});
