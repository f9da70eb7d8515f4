import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    // Each worker runs servers, browsers and password hashing of its own: more of them than cores only adds waiting.
    maxWorkers: 2,
    // The house has no singletons, so that files may share what they import: it is read once per worker.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Machines of CI stall for seconds. A test that is repeated is reported as such; one that fails twice fails.
    retry: process.env['CI'] === undefined ? 0 : 1,
    // The JSON is for `.ci/run`, which counts passed, failed and skipped.
    reporters: ['default', 'json'],
    outputFile: { json: 'node_modules/.cache/vitest.json' },
  },
});
