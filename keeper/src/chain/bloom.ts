import { type Hex, keccak256 } from 'viem';

/** Where a value's three bits are: character of the bloom's hex, and bit of that character. */
type Places = readonly (readonly [character: number, bit: number])[];

// What is watched changes seldom, and is looked for in every block.
const known = new Map<Hex, Places>();

/** The bits of a value in a 2048-bit bloom (yellow paper, 4.3.1): the low 11 bits of the first three pairs of its hash. */
function placesOf(value: Hex): Places {
  let places = known.get(value);
  if (!places) {
    const hash = keccak256(value, 'bytes');
    places = [0, 2, 4].map((pair) => {
      const bit = ((hash[pair]! << 8) | hash[pair + 1]!) & 2047;
      return [2 + 511 - (bit >> 2), 1 << (bit & 3)] as const;
    });
    known.set(value, places);
  }
  return places;
}

/**
 * Whether a block's bloom allows for a log with one of these addresses and one of these topics. It may err towards yes.
 *
 * @param bloom - `logsBloom` of the block
 */
export function mayHold(bloom: Hex, filter: { addresses: readonly Hex[]; topics: readonly Hex[] }): boolean {
  const holds = (value: Hex) =>
    placesOf(value).every(([character, bit]) => (Number.parseInt(bloom[character]!, 16) & bit) !== 0);
  return filter.addresses.some(holds) && (filter.topics.length === 0 || filter.topics.some(holds));
}
