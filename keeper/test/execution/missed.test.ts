import { encodeErrorResult, type Log } from 'viem';
import { expect, test } from 'vitest';
import { liquidatorAbi } from '../../src/bindings.ts';
import { missedIn } from '../../src/execution/missed.ts';
import { errors } from '../../src/protocols/aave-v3/errors.ts';
import { protocolOf } from '../../src/protocols/registry.ts';
import { aaveError, legSkipped, liquidated, planExecuted, type RpcLog, roundSkipped } from './events.ts';
import { LIQUIDATOR } from './node.ts';
import { claim, sentLeg } from './sent.ts';

const world = { errors: [...liquidatorAbi, ...errors], protocolOf };
const missed = (sent: Parameters<typeof missedIn>[3], ...logs: RpcLog[]) => {
  const { failing, innocent } = missedIn(world, logs as unknown as Log[], LIQUIDATOR, sent);
  return { failing: [...failing].map(([of, { reason }]) => [of, reason]), innocent };
};
const safe = aaveError('HealthFactorNotBelowThreshold');

test('where every leg landed nobody is missed', () => {
  const sent = [sentLeg(1), sentLeg(2), sentLeg(3, 1)];
  expect(missed(sent, liquidated(1), liquidated(2), liquidated(3), planExecuted(9n))).toEqual({
    failing: [],
    innocent: 0,
  });
});

test('a leg that was skipped fails by the claims of its deals, with what it reverted with', () => {
  const sent = [sentLeg(1), sentLeg(2), sentLeg(3, 1)];
  expect(missed(sent, liquidated(1), legSkipped(2, 1n, safe), liquidated(3), planExecuted(9n))).toEqual({
    failing: [[claim(2), 'fails in rehearsal: HealthFactorNotBelowThreshold']],
    innocent: 0,
  });
});

test('of a round that one leg made fail, that leg is to blame and the others are not', () => {
  const sent = [sentLeg(1), sentLeg(2), sentLeg(3, 1)];
  const reason = encodeErrorResult({ abi: liquidatorAbi, errorName: 'LegFailed', args: [1n, safe] });
  expect(missed(sent, roundSkipped(0, reason), liquidated(3), planExecuted(9n))).toEqual({
    failing: [[claim(2), 'fails in rehearsal: HealthFactorNotBelowThreshold']],
    innocent: 1,
  });
});

test('of a round that failed for its price nobody is to blame', () => {
  const sent = [sentLeg(1), sentLeg(2), sentLeg(3, 1)];
  expect(missed(sent, roundSkipped(0, '0x12345678'), liquidated(3), planExecuted(9n))).toEqual({
    failing: [],
    innocent: 2,
  });
});

test('a leg that the contract tells nothing of is not to blame, and has not landed', () => {
  expect(missed([sentLeg(1), sentLeg(2)], liquidated(1))).toEqual({ failing: [], innocent: 1 });
});
