import { type AbiEvent, type Address, encodeAbiParameters, encodeEventTopics, type Hex, numberToHex } from 'viem';
import type { Random } from '../book/random.ts';

/** A log as a node gives it, as far as decoders look. */
export type InventedLog = { address: Address; topics: [Hex, ...Hex[]]; data: Hex };

/**
 * A log of an event with random arguments.
 * @param account - the addresses it names, reserves too; random ones by default
 */
export function inventLog(rng: Random, event: AbiEvent, address: Address, account = rng.address): InventedLog {
  const values = event.inputs.map(({ type }) => {
    if (type === 'address') return account();
    if (type === 'bool') return rng.next() < 0.5;
    if (type === 'string') return 'x'.repeat(rng.below(80));
    const bits = Number(type.slice('uint'.length));
    return bits <= 48 ? Number(rng.sized(bits)) : rng.sized(bits);
  });
  const of = (indexed: boolean) => event.inputs.flatMap((input, at) => (!!input.indexed === indexed ? [at] : []));
  const args = of(true).map((at) => values[at]);
  const data = of(false);
  return {
    address,
    topics: encodeEventTopics({ abi: [event], args }) as [Hex, ...Hex[]],
    data: encodeAbiParameters(
      data.map((at) => event.inputs[at]!),
      data.map((at) => values[at]),
    ),
  };
}

/** What a broken node, or another contract with an event of the same selector, could make of a log. */
export function mangle(rng: Random, event: AbiEvent, { address, topics, data }: InventedLog): InventedLog {
  const indexed = event.inputs.filter((input) => input.indexed);
  const [selector, ...rest] = topics;
  const some = rng.below(Math.max(1, rest.length));
  const change = (to: (topic: Hex) => Hex): Hex[] => rest.map((topic, at) => (at === some ? to(topic) : topic));
  const whole = (topics: Hex[], bytes = data): InventedLog => ({
    address,
    topics: [selector!, ...topics],
    data: bytes,
  });
  return rng.among<() => InventedLog>([
    () => whole(rest.slice(0, some)),
    () => whole([...rest, numberToHex(rng.sized(256), { size: 32 })]),
    () => whole(change((topic) => topic.slice(0, 2 + 2 * rng.below(32)) as Hex)),
    () => whole(change((topic) => `${topic}${'ab'.repeat(1 + rng.below(32))}`)),
    // An address in the lower 20 bytes, and anything above.
    () =>
      whole(
        rest.map((topic, at) =>
          indexed[at]?.type === 'address' ? (`0x${'f7'.repeat(12)}${topic.slice(26)}` as Hex) : topic,
        ),
      ),
    () => whole(rest.map((topic) => `0x${topic.slice(2).toUpperCase()}` as Hex)),
    () => whole(rest, data.slice(0, 2 + 2 * rng.below(data.length / 2)) as Hex),
    () => whole(rest, `${data}${'cd'.repeat(1 + rng.below(64))}`),
    () => ({ address, topics: [numberToHex(rng.sized(256), { size: 32 }), ...rest], data }),
  ])();
}
