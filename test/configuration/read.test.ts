import { readFile } from 'node:fs/promises';

import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';

import { configurationJsonSchema } from '../../src/configuration/document.ts';
import { ConfigurationRefused, type PlacedProblem } from '../../src/configuration/problem.ts';
import { readConfiguration, readConfigurationText } from '../../src/configuration/read-configuration.ts';

function problemsOf(read: () => unknown): readonly PlacedProblem[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigurationRefused) return error.problems;
    throw error;
  }
  return [];
}

const refused = (text: string) => problemsOf(() => readConfigurationText(text));

test('the schema for editors is current: npx vitest run test/configuration/read.test.ts -u', async () => {
  const schema = JSON.stringify(configurationJsonSchema());
  const style = await resolveConfig('docs/guichet.schema.json');
  await expect(await format(schema, { ...style, parser: 'json' })).toMatchFileSnapshot(
    '../../docs/guichet.schema.json',
  );
});

test('the example is read, and as JSON too', async () => {
  const { document } = readConfigurationText(await readFile('examples/guichet.yaml', 'utf8'));
  expect(readConfigurationText(JSON.stringify(document)).document).toEqual(document);
});

describe('what is wrong with a file', () => {
  test('is said all at once, with line, column and path', () => {
    const problems = refused(
      [
        'version: 1',
        'apis:',
        '  - name: Orders',
        '    audence: https://api.example.com',
        'clients:',
        '  - client_id: shop',
        '    kind: webb',
        '    redirect_uris:',
        '      - 7',
        '    client_secret: hunter2',
        'identity_providers:',
        '  - { slug: a, kind: oidc, name: A, settings: { issuer: x, client_id: y }, secrets: { client_secret: hunter2 } }',
      ].join('\n'),
    );
    expect(problems).toEqual([
      { path: 'apis[0].audience', message: 'is missing', line: 3, column: 5 },
      { path: 'apis[0].audence', message: 'is not known here: did you mean audience?', line: 4, column: 5 },
      expect.objectContaining({ path: 'clients[0].kind', line: 7, column: 11 }),
      { path: 'clients[0].redirect_uris[0]', message: 'must be of type string', line: 9, column: 9 },
      {
        path: 'clients[0].client_secret',
        message: expect.stringContaining('holds no secret'),
        line: 10,
        column: 5,
      },
      expect.objectContaining({ path: 'identity_providers[0].secrets.client_secret', line: 12, column: 102 }),
    ]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  test.each([
    ['a doubled key', 'version: 1\nversion: 1', 'there twice'],
    ['an alias', 'version: 1\nname: &a shop\nclients: [*a]', 'Anchors are not read'],
    ['a tag', 'version: 1\nname: !!binary aGk=', 'Tags are not read'],
    ['a tag of its own', 'version: 1\nname: !shop hi', 'Tags are not read'],
    ['two documents', 'version: 1\n---\nversion: 1', 'multiple documents'],
    ['no document', '', 'object'],
    ['half of a document', 'version: 1\napis: [', 'YAML'],
    ['a NUL', 'version: 1\nname: "a\\0b"', 'NUL'],
    ['half a character', 'version: 1\nname: "\\ud800"', 'half a character'],
    ['a merge', 'version: 1\n<<: { name: shop }', 'not known'],
    ['a prototype', 'version: 1\n__proto__: { name: shop }', 'not known'],
    ['another version', 'version: 2', 'must be 1'],
    [
      'the variables of this server',
      'version: 1\nclients: [{ client_id: a, secrets: [{ env: GUICHET_SECRET }] }]',
      'own (GUICHET_)',
    ],
  ])('%s', (_what, text, message) => {
    expect(
      refused(text)
        .map((problem) => problem.message)
        .join('\n'),
    ).toContain(message);
  });

  test('aliases that grow to more than memory holds are not followed', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let letter = 98; letter < 110; letter += 1) {
      const [name, before] = [String.fromCharCode(letter), String.fromCharCode(letter - 1)];
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]`);
    }
    expect(refused(bomb.join('\n'))[0]?.message).toContain('not read');
  });

  test.each([
    ['brackets', '['.repeat(100_000), 'within each other'],
    ['indentation', '- '.repeat(20_000), 'indented'],
    ['bytes', `# ${'x'.repeat(3 * 1024 * 1024)}`, 'bytes'],
  ])('too much of it: %s', (_what, text, message) => {
    expect(refused(text)[0]?.message).toContain(message);
  });

  test('that came as JSON has a path', () => {
    const problems = problemsOf(() => readConfiguration({ version: 1, name: 'a', clients: [{}] }));
    expect(problems).toEqual([{ path: 'clients[0].client_id', message: 'is missing' }]);
  });
});
