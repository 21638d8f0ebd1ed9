import type { Address } from 'viem';
import { startLab } from '../../test-fork/lab/anvil.ts';
import { setPrice } from '../../test-fork/lab/chain.ts';
import { openRig } from '../../test-fork/planning/rig.ts';
import { bestOffers } from '../src/planning/offers.ts';
import type { Row } from './row.ts';

const GWEI = 10n ** 9n;
const PRICES = [1n, 5n, 20n, 100n];

/**
 * A crash with dozens of accounts under water, planned as batches against one transaction for each account, at several prices
 * of gas: what the treasury gets after gas, and gas a liquidation. All plans are sent, one after the other, and undone.
 *
 * @throws when a plan does not land whole
 */
export default async function batchBench(): Promise<Row[]> {
  const lab = await startLab();
  const rig = await openRig(lab.url);
  try {
    await setPrice(rig.scene, 'WETH', 1_700n * 10n ** 8n);
    const rows: Row[] = [];
    for (const price of PRICES) {
      const single = await run(price * GWEI, 1);
      const batch = await run(price * GWEI, 120);
      for (const [name, value, unit] of [
        ['accounts', batch.accounts, 'accounts'],
        ['liquidations', batch.legs, 'liquidations'],
        ['transactions', batch.plans, 'transactions'],
        ['profit', batch.profit, 'ETH after gas'],
        ['profit-one-each', single.profit, 'ETH after gas'],
        ['gas-a-liquidation', batch.gas / batch.legs, 'gas'],
        ['gas-a-liquidation-one-each', single.gas / single.legs, 'gas'],
        ['planning', batch.milliseconds, 'ms'],
      ] as const) {
        rows.push({ name: `batch.${price}-gwei.${name}`, value, unit });
      }
    }
    return rows;
  } finally {
    await rig.scene.stop();
    await lab.stop();
  }

  async function run(gasPrice: bigint, legs: number) {
    const { scene } = rig;
    return scene.undone(async () => {
      const sum = { accounts: 0, legs: 0, plans: 0, profit: 0, gas: 0, milliseconds: 0 };
      const sight = await rig.look(scene.directory.borrowers, { gasPrice });
      const { limits } = sight.situation;
      const situation = { ...sight.situation, limits: { ...limits, legs } };
      const from = performance.now();
      const { offers } = bestOffers(situation, sight.deals, sight.head);
      sum.milliseconds = performance.now() - from;
      const accounts = new Set<Address>();
      // All in one block, as large as it takes.
      await scene.client.setBlockGasLimit({ gasLimit: 10n ** 10n });
      const results = await rig.sendAll(
        offers.map(({ plan }) => ({ ...plan, floor: 0n })),
        sight.timestamp,
      );
      for (const [index, { sent }] of offers.entries()) {
        const { value, landed, gas } = results[index]!;
        if (landed !== sent.length) throw new Error(`${landed} of ${sent.length} liquidations landed`);
        for (const { deals } of sent) for (const { subjects } of deals) accounts.add(subjects[0]!.key);
        sum.legs += landed;
        sum.plans += 1;
        sum.gas += Number(gas);
        sum.profit += Number(value - gas * gasPrice) / 1e18;
      }
      return { ...sum, accounts: accounts.size };
    });
  }
}
