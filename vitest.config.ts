import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{shared,extension,server}/src/**/*.test.ts',
            'test/{contract,convergence,blindness,failures,house,l10n,protocol}/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'store',
          include: ['test/store/**/*.test.ts'],
        },
      },
      {
        test: {
          // Against a real PostgreSQL: one for the whole run, a database of its own for each test.
          name: 'server',
          include: ['test/server/**/*.test.ts'],
          globalSetup: ['test/server/globalSetup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          // Library workers in processes of their own, a real server process and its PostgreSQL; no editor.
          name: 'sync',
          include: ['test/sync/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 30_000, interval: 50 } },
        },
      },
      {
        test: {
          // The run panel in a real browser, without an editor around it.
          name: 'webview',
          include: ['test/webview/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          // Through the real UI: one VS Code and one browser at a time is what two cores carry.
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.ts'],
          fileParallelism: false,
          testTimeout: 420_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 60_000, interval: 200 } },
        },
      },
    ],
  },
});
