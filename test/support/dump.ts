import type { Database } from '../../src/db/database.ts';

/** Every row of every table as text, as somebody would read it who has got hold of the database. */
export async function dumpDatabase({ knex }: Database): Promise<string> {
  const { rows: tables } = await knex.raw<{ rows: { name: string }[] }>(
    `SELECT quote_ident(c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY 1`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await knex.raw<{ rows: { text: string }[] }>(`SELECT t::text AS text FROM ${name} t`);
    texts.push(name, ...rows.map(({ text }) => text));
  }
  return texts.join('\n');
}

/** Whether a value stands in a dump, as it is or the way binary columns and JSON are written. */
export function isIn(dump: string, value: string): boolean {
  const bytes = Buffer.from(value);
  // Of the base64 of a text around the value only the middle is the same, whatever stands before it.
  const encodings = [0, 1, 2].flatMap((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
    return [shifted.toString('base64'), shifted.toString('base64url')].map((text) => text.slice(4, -4));
  });
  const forms = [value, bytes.toString('hex'), JSON.stringify(value).slice(1, -1), ...encodings];
  return forms.some((form) => form.length >= SHORTEST && dump.includes(form));
}

/** Shorter pieces are found by chance. */
const SHORTEST = 8;
