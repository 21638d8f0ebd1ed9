import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['keeper/test/**/*.test.ts'],
          environment: 'node',
        },
      },
      {
        test: {
          name: 'fork',
          include: ['test-fork/**/*.test.ts'],
          environment: 'node',
          globalSetup: './test-fork/globalSetup.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Every suite runs anvils of its own beside its worker.
          pool: 'forks',
          maxWorkers: 2,
        },
      },
    ],
  },
});
