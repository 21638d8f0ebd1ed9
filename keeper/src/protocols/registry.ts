import { aaveV3 } from './aave-v3/index.ts';
import type { Protocol } from './protocol.ts';

/** The protocols this version of Plimsoll carries, by id. */
export const protocols: Readonly<Record<string, Protocol>> = {
  [aaveV3.id]: aaveV3,
};

/**
 * The protocol of an id.
 *
 * @throws when this version does not carry it
 * @example
 * protocolOf(partsOf(deal.market).protocol).fates(sent, own, before);
 */
export function protocolOf(id: string): Protocol {
  if (Object.hasOwn(protocols, id)) return protocols[id]!;
  throw new Error(`${id} is not in this version of plimsoll; it carries ${Object.keys(protocols).join(', ')}`);
}
