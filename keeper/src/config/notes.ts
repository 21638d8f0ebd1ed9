import { z } from 'zod';

/** What help and the README say of a setting. */
export interface Notes {
  group: 'What to liquidate' | 'Connection' | 'Operator key' | 'Money and gas' | 'History' | 'Venues' | 'Running';
  description: string;
  /** What the flag takes, where that is not a number of units. */
  takes?: 'name' | 'address' | 'url' | 'file' | 'folder' | 'level' | 'format' | 'number';
  unit?: string;
  example: string;
  /** Said instead of the default when that is found at run time. */
  unset?: string;
  /** A flag that takes no value. */
  isSwitch?: true;
  /** The flag may be repeated. */
  isList?: true;
  /** Comes from the environment only and is never shown. */
  isSecret?: true;
  /** A variable of another tool that serves when ours is not set. */
  otherVariable?: string;
}

/** The notes of each setting, by its schema. */
export const notes = z.registry<Notes>();
