import { defineConfig } from 'vitest/config';

/** The package's own tests, all of them: `npm test -w local-stripe`. The product runs them too. */
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
