export function checkRooms(
  folder: string,
  seen?: Map<string, unknown>,
): { faults: string[]; files: number; imports: number };
