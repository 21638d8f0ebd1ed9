import { aaveV3 } from './aave-v3/index.ts';
import type { Protocol, ProtocolId } from './protocol.ts';

/** The protocols this version of Plimsoll carries. */
export const protocols: Partial<Record<ProtocolId, Protocol>> = {
  'aave-v3': aaveV3,
};
