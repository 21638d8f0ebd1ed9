import type { TestProject } from 'vitest/node';
import { compileDeploy } from './harness/deploy.ts';
import { startLab } from './lab/anvil.ts';
import { forkTarget } from './lab/env.ts';
import { LAB_CHAIN_ID } from './lab/populate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** RPC endpoint of the lab that all suites fork; never written to. */
    labUrl: string;
  }
}

/** Provides the one lab of a test run: the network of FORK_URL_31337, or our own of seed 1, built if need be. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  await compileDeploy();
  const target = forkTarget(LAB_CHAIN_ID);
  const lab = target ? undefined : await startLab({ onProgress: (line) => console.log(`lab: ${line}`) });
  project.provide('labUrl', target?.url ?? lab!.url);
  return lab?.stop;
}
