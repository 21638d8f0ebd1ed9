import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `task` while holding a lock file that carries our pid, so that of several builders one works and the rest wait.
 * A lock whose holder is dead is taken over. Should two take it over at once, both work: what they build lands by rename.
 */
export async function withLock<T>(file: string, task: () => Promise<T>): Promise<T> {
  while (!(await acquired(file))) await sleep(100);
  try {
    return await task();
  } finally {
    await rm(file, { force: true });
  }
}

async function acquired(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    // An empty file belongs to someone between creating and writing it.
    if (holder && !alive(holder)) await rm(file, { force: true });
    return false;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
