export type Mutant = {
  mutator: string;
  start: number;
  end: number;
  line: number;
  text: string;
  replacement: string;
};
export function mutantsOf(file: string, code: string): Mutant[];
export function parses(file: string, code: string): boolean;
