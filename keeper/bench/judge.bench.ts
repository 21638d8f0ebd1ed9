import { key, now, scene } from '../test/aave-v3/scene.ts';
import { median, type Row, timed } from './row.ts';

const RAY = 10n ** 27n;
const JUDGED = 2_000;

/** Exact health of an Aave account with two collaterals and two debts, interest included. */
export default function judgeBench(): Row[] {
  const reserve = {
    price: 312345678901n,
    liquidityIndex: RAY + 10n ** 25n,
    variableBorrowIndex: RAY + 10n ** 26n,
    liquidityRate: RAY / 40n,
    variableBorrowRate: RAY / 20n,
  };
  const amount = 4793456789012345678n;
  const { view: at } = scene(
    10n,
    [reserve, reserve, reserve, reserve],
    [{ supply: amount }, { supply: amount }, { debt: amount }, { debt: amount / 3n }],
  );
  let time = now;
  // Everybody at the same second, as at a head; each run at another.
  const judge = () => {
    time++;
    const view = at(time);
    for (let judged = 0; judged < JUDGED; judged++) view.health(key);
  };
  timed(20, judge);
  return [{ name: 'judge.per-s', value: (JUDGED / median(timed(50, judge))) * 1000, unit: 'accounts/s' }];
}
