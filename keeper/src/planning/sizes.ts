/** A value by size; `undefined` where the size does not work. */
export type WorthOf = (size: bigint) => bigint | undefined;

/** Steps of a search: each leaves 0.618 of the range, 28 a millionth. Around a maximum the value is flat. */
const STEPS = 28;
const GOLDEN = 618_034n;
const UNIT = 1_000_000n;

const above = (a: bigint | undefined, b: bigint | undefined): boolean => a !== undefined && (b === undefined || a > b);

/**
 * The size between two, both included, of the highest value by golden section: the value rises to one summit and falls from
 * there, as a sale's does whose price worsens the more is sold, and works up to some size and from there on not at all.
 *
 * @returns `undefined` where no size that was tried works
 */
export function sharpest(low: bigint, high: bigint, worthOf: WorthOf): bigint | undefined {
  let [from, to] = [low, high];
  let best: { size: bigint; value: bigint } | undefined;
  const tried = (size: bigint) => {
    const value = worthOf(size);
    if (value !== undefined && (!best || value > best.value)) best = { size, value };
    return value;
  };
  tried(low);
  tried(high);
  let left = to - ((to - from) * GOLDEN) / UNIT;
  let right = from + ((to - from) * GOLDEN) / UNIT;
  let [atLeft, atRight] = [tried(left), tried(right)];
  for (let step = 0; step < STEPS && right - left > 0n; step++) {
    // Where neither works, the sizes that do are below.
    if (above(atRight, atLeft)) {
      [from, left, atLeft] = [left, right, atRight];
      right = from + ((to - from) * GOLDEN) / UNIT;
      atRight = tried(right);
    } else {
      [to, right, atRight] = [right, left, atLeft];
      left = to - ((to - from) * GOLDEN) / UNIT;
      atLeft = tried(left);
    }
  }
  return best?.size;
}

/** Part of a size that tells whether more is still better. */
const SLOPE = 512n;

/**
 * The best of the legal sizes: all there is, or up to `partial`, above which a part would leave dust.
 *
 * @param worthOf - value of a size, whole or partial
 * @param whole - the largest size
 * @param partial - the largest that is not the whole; at most `whole`, 0 where there is none
 */
export function bestSize(
  whole: bigint,
  partial: bigint,
  worthOf: WorthOf,
): { size: bigint; value: bigint } | undefined {
  const found = (size: bigint) => {
    const value = worthOf(size);
    return value === undefined ? undefined : { size, value };
  };
  const all = found(whole);
  if (partial <= 0n) return all;
  const most = partial === whole ? all : found(partial);
  const less = worthOf(partial - partial / SLOPE - 1n);
  let part = most;
  if (above(less, most?.value) || !most) {
    const size = sharpest(1n, partial, worthOf);
    part = size === undefined ? undefined : found(size);
  }
  if (!part) return all;
  return all && all.value >= part.value ? all : part;
}
