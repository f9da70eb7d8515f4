import { migrate } from '../db/migrate.ts';
import { count } from '../words.ts';
import type { Action } from './run.ts';

export const migrateSchema: Action = async ({ db }) => {
  const applied = await migrate(db);
  const text =
    applied.length === 0
      ? 'The schema is up to date.'
      : `Applied ${count(applied.length, 'migration')}:\n${applied.map((name) => `  ${name}`).join('\n')}`;
  return { json: { applied }, text };
};
