import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{shared,extension,server}/src/**/*.test.ts',
            'test/{contract,convergence,blindness}/**/*.test.ts',
          ],
        },
      },
      {
        test: {
          name: 'store',
          include: ['test/store/**/*.test.ts'],
        },
      },
    ],
  },
});
