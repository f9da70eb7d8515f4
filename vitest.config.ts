import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defineConfig } from 'vitest/config';

/** They take minutes: begun last, one of two workers would wait for them. */
const LONGEST = [
  'invariants/crash',
  'look/pages',
  'invariants/double-spend',
  'invariants/propagation',
  'console/chromium',
  'db/embedded',
  'recipes/recipes',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

function place({ moduleId }: TestSpecification): number {
  const index = LONGEST.findIndex((name) => moduleId.endsWith(`${name}.test.ts`));
  return index === -1 ? LONGEST.length : index;
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    // Each worker runs servers, browsers and password hashing of its own: more of them than cores only adds waiting.
    maxWorkers: 2,
    // The house has no singletons, so that files may share what they import: it is read once per worker.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Machines of CI stall for seconds. A test that is repeated is reported as such; one that fails twice fails.
    retry: process.env['CI'] === undefined ? 0 : 1,
    // The JSON is for `.ci/run`, which counts passed, failed and skipped.
    reporters: ['default', 'json'],
    outputFile: { json: 'node_modules/.cache/vitest.json' },
  },
});
