import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { Command } from 'commander';
import { format } from 'prettier';
import { expect, test } from 'vitest';

import { OPERATIONS } from '../../src/admin/operations.ts';
import { createProgram } from '../../src/commands/program.ts';
import { configurationJsonSchema } from '../../src/configuration/document.ts';

/** Commands that no operation stands behind, and why. */
const ALONE: Readonly<Record<string, string>> = {
  'clients secrets': 'The secrets are members of the client: `clients.show`.',
  'users set-password':
    'Nobody gives others a password over the network: `users.send-password-reset` lets them choose one.',
  'users activity': 'What happened to a person is `audit.search` with `account_id`.',
  'users export':
    'All that is kept of a person: they download it themselves, or whoever has the database hands it over.',
  'users import': 'Reads a file of any length, line by line, with password hashes in it.',
  'identity-providers refresh': '`identity-providers.update` takes the new metadata.',
  'audit export':
    'Writes a log of any length; a webhook is sent it as it happens, and again (`webhooks.replay`).',
  'mails list': 'Mails hold links that sign people in; they are for whoever has the database.',
  'mails show': 'The same.',
  'mails test': 'Calls the mail server from where the command runs.',
  'import keycloak': 'Reads an export with the keys and password hashes of another server.',
  'import auth0': 'The same.',
  'config schema': 'The same for every server of this version; nothing is asked of one.',
  'setup-link': 'Makes the first administrator: nobody has a token yet.',
  migrate: 'Runs before the server does.',
  doctor: 'Finds out why the server does not run.',
};

/** What a filter of a list is called where people type it. */
const OPTIONS: Readonly<Record<string, string>> = {
  account_id: 'user',
  client_id: 'client',
  api_id: 'api',
  grant_id: 'grant',
  session_id: 'session',
  request_id: 'request',
  kid: 'key',
};

/** Of these, the command takes what the query says as an argument or another way. */
const OTHERWISE = new Set(['configuration.drift name']);

const commands = await listCommands();

test('every operation is a command, and every command an operation or alone for a reason', () => {
  const without = OPERATIONS.filter(({ command }) => !commands.has(command)).map(({ id, command }) => [
    id,
    command,
  ]);
  expect(without).toEqual([]);
  const named = OPERATIONS.map(({ command }) => command);
  const leaves = [...commands].filter(([, { commands: below }]) => below.length === 0).map(([name]) => name);
  const has = (name: string) => named.some((one) => name === one || name.startsWith(`${one} `));
  expect(leaves.filter((name) => !has(name) && !(name in ALONE))).toEqual([]);
  // A reason that holds no more is not a reason.
  expect(Object.keys(ALONE).filter((name) => has(name) || !commands.has(name))).toEqual([]);
});

test('a list is filtered alike over HTTP and on the command line', () => {
  const missing = OPERATIONS.filter(({ method }) => method === 'GET').flatMap(({ id, query, command }) =>
    Object.keys(query.shape)
      .filter((name) => !OTHERWISE.has(`${id} ${name}`))
      .map((name) => `--${OPTIONS[name] ?? name.replaceAll('_', '-')}`)
      .filter((flag) => !commands.get(command)?.options.some(({ long }) => long === flag))
      .map((flag) => `${command} ${flag}`),
  );
  expect(missing).toEqual([]);
});

test('what files are said to hold, they hold', () => {
  const schema = configurationJsonSchema();
  const wrong = OPERATIONS.flatMap(({ id, inFiles }) =>
    inFiles === undefined || isMember(schema, inFiles) ? [] : [`${id} ${inFiles}`],
  );
  expect(wrong).toEqual([]);
});

test('the tables of docs/admin-api.md are the code', async () => {
  const file = fileURLToPath(new URL('../../docs/admin-api.md', import.meta.url));
  let text = await readFile(file, 'utf8');
  for (const [name, table] of [
    ['operations', operationTable()],
    ['commands alone', aloneTable()],
  ] as const) {
    const section = new RegExp(`(?<=<!-- ${name} -->\\n)[^]*(?=<!-- /${name} -->)`);
    expect(text).toMatch(section);
    const formatted = await format(table, { parser: 'markdown' });
    text = text.replace(section, () => `\n${formatted}\n`);
  }
  await expect(text).toMatchFileSnapshot(file);
});

function operationTable(): string {
  const rows = OPERATIONS.map(
    ({ id, method, path, scope, command, inFiles }) =>
      `| \`${id}\` | \`${method} ${path}\` | \`${scope.replace(/^admin:/, '')}\` | \`${command}\` | ${inFiles === undefined ? '' : `\`${inFiles}\``} |`,
  );
  return [
    '| Operation | Request | Scope `admin:` | `guichet` | In a file |',
    '| - | - | - | - | - |',
    ...rows,
  ].join('\n');
}

function aloneTable(): string {
  const rows = Object.entries(ALONE).map(([command, why]) => `| \`${command}\` | ${why} |`);
  return ['| `guichet` | Why |', '| - | - |', ...rows].join('\n');
}

async function listCommands(): Promise<Map<string, Command>> {
  const found = new Map<string, Command>();
  const walk = (command: Command, name: string): void => {
    found.set(name, command);
    for (const below of command.commands) walk(below, `${name} ${below.name()}`);
  };
  const nouns = (await createProgram([])).commands.map((command) => command.name());
  for (const noun of nouns) {
    const { commands: all } = await createProgram([noun]);
    for (const command of all) if (command.name() === noun) walk(command, noun);
  }
  return found;
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

function isMember(schema: Schema, path: string): boolean {
  const [first = '', ...rest] = path.split('.');
  const name = first.replace('[]', '');
  const choices = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  const member = choices.map(({ properties }) => properties?.[name]).find((one) => one !== undefined);
  if (member === undefined) return false;
  const below = first.endsWith('[]') ? member.items : member;
  if (below === undefined) return false;
  return rest.length === 0 || isMember(below, rest.join('.'));
}
