/** One room of keeper/src; see rooms.mjs. */
export type Room = {
  name: string;
  holds: readonly string[];
  members?: string;
  ids?: readonly string[];
  names?: readonly string[];
};
export const ROOMS: readonly Room[];
export const REGISTRY: string;
