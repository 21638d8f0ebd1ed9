import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { whyNotStarted, withCure } from '../../tools/foundry.mjs';

test('a program of Foundry that is not there is told with how to get it', async () => {
  const error = await promisify(execFile)('/nowhere/forge', []).catch((cause: unknown) => cause);
  expect(whyNotStarted(error, '/nowhere/forge')).toBe(
    '/nowhere/forge is not there: npm has no Foundry for this platform: install it with foundryup (https://getfoundry.sh), version 1.7.1',
  );
  expect(whyNotStarted(error, 'wagmi')).toBe('wagmi is not there: run npx -y pnpm@12 install first');
  expect(whyNotStarted(new Error('it did not compile'), 'forge')).toBe('forge: it did not compile');
  expect(withCure('forge build failed: spawn forge ENOENT')).toMatch(
    /^forge build failed: forge is not there: .*foundryup/,
  );
});
