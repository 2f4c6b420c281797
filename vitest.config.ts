import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'dashboards/src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // The engine of one test file wants most of a core; more files at once only queue.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A poll ends as soon as it is true; on a busy machine that may take longer than the default second.
    expect: { poll: { timeout: 20_000 } },
  },
});
