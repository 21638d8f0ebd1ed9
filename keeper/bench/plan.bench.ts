import type { Address } from 'viem';
import { startLab } from '../../test-fork/lab/anvil.ts';
import { setPrice } from '../../test-fork/lab/chain.ts';
import { GAS_PRICE, openRig, type Rig, type Sight } from '../../test-fork/planning/rig.ts';
import { bestOffers } from '../src/planning/offers.ts';
import { accountClaim } from '../src/store/key.ts';
import { median, type Row } from './row.ts';

const RUNS = 30;
/** Plans a run: the clock of a thread ticks every few milliseconds. */
const PER_RUN = 4;
/** Plans that a keeper makes at a head: as many as may be in flight, and one that tells that there is more to do. */
const PLANS = 3;
/** Accounts under water, and milliseconds that planning for them may take. */
const TARGETS = [
  { accounts: 20, target: 8 },
  { accounts: 56, target: 30 },
] as const;

/**
 * From accounts under water to plans, in the crash of the bench of batches: all deals, their sizes, places, funding, exact
 * quotes and calldata; the median of warm runs, of the time that its thread is running. Each run has what a head brings as a keeper has just read it, so that nothing
 * is known of it.
 *
 * @throws when there are fewer accounts under water
 */
export default async function planBench(): Promise<Row[]> {
  const lab = await startLab();
  const rig = await openRig(lab.url);
  try {
    await setPrice(rig.scene, 'WETH', 1_700n * 10n ** 8n);
    const sight = await rig.look(rig.scene.directory.borrowers, { gasPrice: GAS_PRICE });
    const due = dueIn(sight);
    return TARGETS.map(({ accounts, target }): Row => {
      if (due.length < accounts) throw new Error(`only ${due.length} accounts are under water`);
      const times = Array.from({ length: RUNS }, () => planned(rig, sight, due.slice(0, accounts))).slice(RUNS / 3);
      return { name: `plan.ms.${accounts}`, value: median(times), unit: 'ms', target };
    });
  } finally {
    await rig.scene.stop();
    await lab.stop();
  }
}

/** Whom anything can be done about, by key. */
const dueIn = ({ view, accounts, deals }: Sight): Address[] => {
  const claimed = new Set(deals.flatMap(({ claims }) => claims));
  return [...accounts.keys()].filter((key) => claimed.has(accountClaim(view.market, key)));
};

/** Milliseconds of the thread: planning waits for nothing, and what else the machine does is not to be measured. */
function planned({ market }: Rig, { situation, view, accounts, state, head }: Sight, keys: readonly Address[]): number {
  const { moment } = view;
  const due = new Map(keys.map((key) => [key, accounts.get(key)!]));
  const heads = Array.from({ length: PER_RUN }, () =>
    structuredClone({ accounts: due, state, pools: situation.pools }),
  );
  const from = process.threadCpuUsage();
  for (const read of heads) {
    const now = market.at(read.state, (key) => read.accounts.get(key), moment);
    const views = new Map([[now.market, now]]);
    const { offers } = bestOffers({ ...situation, views, pools: read.pools }, now.deals(keys), head, PLANS);
    if (offers.length === 0) throw new Error(`no plan for ${keys.length} accounts under water`);
  }
  const { user, system } = process.threadCpuUsage(from);
  return (user + system) / 1_000 / PER_RUN;
}
