/** Keeps the items of the smallest keys among all that are offered. */
export type Smallest = {
  /**
   * Takes an item.
   * @returns the key from which on further offers are in vain
   */
  offer(key: number, item: number): number;
  /** The smallest key first. */
  sorted(): { key: number; item: number }[];
};

/**
 * A heap of `limit` entries with the largest key on top.
 *
 * @example
 * const nearest = smallest(5);
 * nearest.offer(0.02, row);
 * nearest.sorted(); // [{ key: 0.02, item: row }]
 */
export function smallest(limit: number): Smallest {
  const keys = new Float64Array(limit);
  const items = new Int32Array(limit);
  let size = 0;

  /** Lets an entry rise from `at` while it is larger than the one above. */
  function rise(at: number, key: number, item: number): void {
    let place = at;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (keys[above]! >= key) break;
      keys[place] = keys[above]!;
      items[place] = items[above]!;
      place = above;
    }
    keys[place] = key;
    items[place] = item;
  }

  /** Lets an entry sink from the top while one below it is larger. */
  function sink(key: number, item: number): void {
    let place = 0;
    for (let below = 1; below < size; below = 2 * place + 1) {
      if (below + 1 < size && keys[below + 1]! > keys[below]!) below++;
      if (keys[below]! <= key) break;
      keys[place] = keys[below]!;
      items[place] = items[below]!;
      place = below;
    }
    keys[place] = key;
    items[place] = item;
  }

  return {
    offer(key, item) {
      if (size < limit) rise(size++, key, item);
      else if (limit > 0 && key < keys[0]!) sink(key, item);
      return size < limit ? Number.POSITIVE_INFINITY : (keys[0] ?? Number.NEGATIVE_INFINITY);
    },
    sorted: () =>
      Array.from({ length: size }, (_, at) => ({ key: keys[at]!, item: items[at]! })).sort((a, b) => a.key - b.key),
  };
}
