import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { Account } from '../../src/accounts/account.ts';
import { apiSnippets } from '../../src/console/snippets/api.ts';
import { clientSnippets } from '../../src/console/snippets/client.ts';
import type { ApiDocument } from '../../src/documents/api.ts';
import type { ClientDocument } from '../../src/documents/client.ts';
import { createWalker, type Walker } from '../support/browser-walker.ts';
import { createCli, type Cli } from '../support/cli.ts';
import { runExample, type RunningExample } from '../support/example.ts';
import { makePerson, PASSWORD } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Programs lie where their imports are found. */
const FOLDER = path.join(import.meta.dirname, '../../node_modules/.cache/recipes');
const RESOURCE_SERVER = path.join(import.meta.dirname, '../../src/resource-server/index.ts');

/** A client as its developer has it: registered by a command, with what the console shows beside it. */
export interface Registered {
  readonly id: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The file that its programs are started with; code in a page has none. */
  readonly environment: string | undefined;
  snippet(title: string): string;
}

export interface Rig {
  readonly server: TestServer;
  readonly cli: Cli;
  readonly person: Account;
  register(args: readonly string[], secrets?: Readonly<Record<string, string>>): Promise<Registered>;
  apiSnippet(audience: string, title: string): Promise<string>;
  /** Runs a program until it has ended, or printed what is waited for. */
  run(
    name: string,
    program: string,
    env: Readonly<Record<string, string>>,
    until?: RegExp,
  ): Promise<RunningExample>;
  /** Through the pages of the server, to where they leave for the client. */
  signIn(url: string): Promise<string>;
  stop(): Promise<void>;
}

export async function openRig(): Promise<Rig> {
  const server = await startTestServer();
  const { issuer, services } = server;
  const cli = createCli({ GUICHET_DATABASE_URL: server.database.url, GUICHET_ISSUER: issuer });
  const person = await makePerson(services);
  const walker: Walker = createWalker({ origin: issuer });
  const running: RunningExample[] = [];
  await mkdir(FOLDER, { recursive: true });

  return {
    server,
    cli,
    person,
    async register(args, secrets = {}) {
      const made = await cli.json(['clients', 'create', ...args]);
      const id = String(made['client_id']);
      const document = (await cli.json(['clients', 'show', id])) as unknown as ClientDocument;
      const shown = clientSnippets(issuer, document);
      const snippet = (title: string) => textOf(shown, title);
      const file = shown.find(({ title }) => title === 'Environment')?.text;
      const given = { CLIENT_SECRET: String(made['client_secret']), ...secrets };
      const env = { ...variablesOf(file ?? ''), ...given };
      return { id, command: args, env, environment: file, snippet };
    },
    async apiSnippet(audience, title) {
      const document = (await cli.json(['apis', 'show', audience])) as unknown as ApiDocument;
      return textOf(apiSnippets(issuer, document), title);
    },
    async run(name, program, env, until) {
      const file = path.join(FOLDER, `${name}.mjs`);
      // A project of its own would have it from npm.
      await writeFile(file, program.replace("'guichet/resource-server'", JSON.stringify(RESOURCE_SERVER)));
      const example = await runExample(file, [], env, until);
      running.push(example);
      return example;
    },
    async signIn(url) {
      let page = await walker.visit(url);
      if (page.forms.some(({ action }) => action.pathname.endsWith('/sign-in'))) {
        const fields = { identifier: person.email ?? '', password: PASSWORD };
        page = await walker.submit(page, fields, { form: '/sign-in' });
      }
      if (!page.leavesTo) page = await walker.submit(page, {}, { value: 'allow' });
      if (!page.leavesTo) throw new Error(`${page.status} ${page.heading}: ${page.text}`);
      return page.leavesTo.href;
    },
    async stop() {
      await Promise.all(running.map((example) => example.stop()));
      await server.stop();
    },
  };
}

function textOf(snippets: readonly { title: string; text: string }[], title: string): string {
  const found = snippets.find((snippet) => snippet.title === title);
  if (!found) throw new Error(`no "${title}" but ${snippets.map((each) => each.title).join(', ')}`);
  return found.text;
}

function variablesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split('\n').map((each) => {
      const at = each.indexOf('=');
      return [each.slice(0, at), each.slice(at + 1)];
    }),
  );
}
