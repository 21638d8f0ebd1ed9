/** A value by size; -Infinity where the size does not work. */
export type WorthOf = (size: number) => number;

/** Steps of a search at most, and how near to the summit it ends: around it the value is flat. */
const STEPS = 40;
const NEAR = 1e-4;
const NEAR_OF_RANGE = 1e-7;
/** Part of a range below which no size is looked for where those above do not work. */
const NOWHERE = 1e-6;
/** What a summit may still be higher than the best size, of its value. */
const FLAT = 1e-8;
/** The part of a range that golden section goes on with. */
const GOLDEN = (3 - Math.sqrt(5)) / 2;

/**
 * The size between two of the highest value, the ends left out: the value rises to one summit and falls from there, as a
 * sale's does whose price worsens the more is sold, and works up to some size and from there on not at all. Brent's method:
 * the summit of the parabola through the best three, golden section where that leads nowhere (Algorithms for Minimization
 * without Derivatives, chapter 5). It ends, too, where no size left can be worth more than `enough`: a value that rises
 * ever less is below every line through two of its points, outside of them.
 *
 * @param atHigh - value of the upper end
 */
export function summit(
  low: number,
  high: number,
  worthOf: WorthOf,
  atHigh = Number.NEGATIVE_INFINITY,
  enough = Number.NEGATIVE_INFINITY,
): { size: number; value: number } {
  let [from, to, atFrom, atTo] = [low, high, Number.NEGATIVE_INFINITY, atHigh];
  let best = from + GOLDEN * (to - from);
  let atBest = worthOf(best);
  let [second, atSecond, third, atThird] = [best, atBest, best, atBest];
  let [step, stepBefore] = [0, 0];
  for (let steps = 0; steps < STEPS; steps++) {
    const middle = (from + to) / 2;
    const near = NEAR * Math.abs(best) + NEAR_OF_RANGE * (high - low);
    if (Math.abs(best - middle) <= 2 * near - (to - from) / 2) break;
    if (atBest === Number.NEGATIVE_INFINITY && to - low < NOWHERE * (high - low)) break;
    // Infinite where an end does not work, or its value is not known.
    const below = atBest + ((atBest - atTo) / (to - best)) * (best - from);
    const above = atBest + ((atBest - atFrom) / (best - from)) * (to - best);
    if (Math.max(below, above) <= Math.max(enough, atBest + FLAT * Math.abs(atBest))) break;
    let golden = true;
    if (Math.abs(stepBefore) > near) {
      const r = (best - second) * (atBest - atThird);
      let q = (best - third) * (atBest - atSecond);
      let p = (best - third) * q - (best - second) * r;
      q = 2 * (q - r);
      if (q > 0) p = -p;
      q = Math.abs(q);
      // Not a number, and so not taken, where a size does not work.
      if (Math.abs(p) < Math.abs((q * stepBefore) / 2) && p > q * (from - best) && p < q * (to - best)) {
        [stepBefore, step] = [step, p / q];
        const next = best + step;
        if (next - from < 2 * near || to - next < 2 * near) step = best < middle ? near : -near;
        golden = false;
      }
    }
    if (golden) {
      // Where none works, those that do are below.
      stepBefore = best < middle && atBest > Number.NEGATIVE_INFINITY ? to - best : from - best;
      step = GOLDEN * stepBefore;
    }
    const size = best + (Math.abs(step) >= near ? step : step > 0 ? near : -near);
    const value = worthOf(size);
    if (value > atBest || (value === atBest && size < best)) {
      if (size >= best) [from, atFrom] = [best, atBest];
      else [to, atTo] = [best, atBest];
      [third, atThird, second, atSecond, best, atBest] = [second, atSecond, best, atBest, size, value];
    } else {
      if (size < best) [from, atFrom] = [size, value];
      else [to, atTo] = [size, value];
      if (value >= atSecond || second === best) {
        [third, atThird, second, atSecond] = [second, atSecond, size, value];
      } else if (value >= atThird || third === best || third === second) {
        [third, atThird] = [size, value];
      }
    }
  }
  return { size: best, value: atBest };
}

/** Part of a size that tells whether more is still better. */
const SLOPE = 1 / 512;

/**
 * The best of the legal sizes: all there is, or up to `partial`, above which a part would leave dust.
 *
 * @param worthOf - value of a size, whole or partial
 * @param whole - the largest size
 * @param partial - the largest that is not the whole; at most `whole`, 0 where there is none
 * @param enough - value up to which none is of interest
 * @returns `undefined` where no size that was tried works
 * @example
 * bestSize(10, 8, (size) => size * (12 - size)); // { size: 6, value: 36 }, to a ten thousandth
 */
export function bestSize(
  whole: number,
  partial: number,
  worthOf: WorthOf,
  enough = Number.NEGATIVE_INFINITY,
): { size: number; value: number } | undefined {
  let best = { size: whole, value: worthOf(whole) };
  const consider = (found: { size: number; value: number }) => {
    if (found.value > best.value) best = found;
  };
  if (partial > 0) {
    const most = partial === whole ? best : { size: partial, value: worthOf(partial) };
    consider(most);
    const less = partial * (1 - SLOPE);
    const atLess = worthOf(less);
    if (atLess > most.value || most.value === Number.NEGATIVE_INFINITY) {
      consider({ size: less, value: atLess });
      // As in a summit: the line through both, down to nothing.
      const highest = atLess + ((atLess - most.value) / SLOPE) * (1 - SLOPE);
      if (!(highest <= enough)) consider(summit(0, partial, worthOf, most.value, Math.max(enough, best.value)));
    }
  }
  return best.value === Number.NEGATIVE_INFINITY ? undefined : best;
}
