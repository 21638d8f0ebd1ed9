import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['keeper/test/**/*.test.ts'],
          environment: 'node',
          // Each starts processes or searches at length; what hangs is ended, and a slow machine is not.
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'fork',
          include: ['test-fork/**/*.test.ts'],
          environment: 'node',
          globalSetup: './test-fork/globalSetup.ts',
          testTimeout: 900_000,
          hookTimeout: 900_000,
          // Every suite runs anvils of its own beside its worker.
          pool: 'forks',
          maxWorkers: 2,
        },
      },
    ],
  },
});
