/** What to say of a program that could not be started. */
export function whyNotStarted(error: unknown, program: string): string;

/** A message in which it is said that a program is not there, with what to do about it. */
export function withCure(message: string): string;
