import { format, resolveConfig } from 'prettier';

import { quoted } from '../../src/words.ts';
import type { Registered } from './rig.ts';

/** A block of the page: its language and what stands in it. */
type Block = readonly [language: string, text: string];

export interface Book {
  /** What differs from run to run is printed as `by`. */
  replace(text: string, by: string): void;
  add(chapter: string, client: Registered, blocks: readonly Block[]): void;
  render(): Promise<string>;
}

/** In the order of the page. */
const CHAPTERS: Readonly<Record<string, readonly [title: string, words: string]>> = {
  web: [
    'Web app',
    'A program on a server signs people in. It keeps a secret, and what began a sign-in under a cookie of the browser that began it.',
  ],
  spa: [
    'Single-page app',
    'Code in the browser keeps no secret: PKCE binds the code to the page that asked. Its origin may call the server, because it is that of a redirect URI.',
  ],
  native: [
    'Native app',
    'An app on a computer opens the browser of the system and listens on a port of the moment (RFC 8252). A phone is called by a scheme or an https link instead.',
  ],
  machine: ['Machine', 'A program acts for itself, with a secret.'],
  'machine-key': [
    'Machine with a key',
    'The same without a secret that both sides know: it signs an assertion with its own key (RFC 7523), of which the server has the public half.',
  ],
  device: ['Device', 'A television or a terminal shows a code; its person lets it in elsewhere (RFC 8628).'],
  mcp: [
    'MCP client',
    'A client of the Model Context Protocol. It knows the address of the MCP server; where to sign in it is told there (RFC 9728).',
  ],
  'mcp-server': ['MCP server', 'The other side of it: an API, whose audience is its address.'],
  api: [
    'API',
    'What receives the tokens. It verifies them by itself and hears of revocations over one stream; anything else can ask, per token.',
  ],
};

const HEAD = `# Recipes

One for each kind of application: the command that registers it, and a program that works as it stands. Each of them ran against a real
server when this page was made; the console shows the same programs beside each client, with its own values.

Programs read their values from the environment: \`node --env-file=.env program.mjs\`. They use \`openid-client\`, which any other client
of OpenID Connect may take the place of. Where the server is reached by \`https://\`, leave \`execute\` out.
`;

export function createBook(): Book {
  const replacements = new Map<string, string>();
  const chapters = new Map<string, string>();
  const plain = (text: string) => {
    const longestFirst = [...replacements].toSorted(([a], [b]) => b.length - a.length);
    const done = longestFirst.reduce((all, [from, to]) => all.replaceAll(from, to), text);
    return done.replaceAll(/\bey[\w-]+\.[\w-]+\.[\w-]+/g, 'ey…').trimEnd();
  };
  return {
    replace(text, by) {
      replacements.set(text, by);
    },
    add(chapter, client, blocks) {
      const [title, words] = CHAPTERS[chapter] ?? [chapter, ''];
      const command = ['guichet clients create', ...client.command.map(quoted)].join(' ');
      const all: Block[] = [['sh', command.replaceAll(/ (?=--(?!kind|name))/g, ' \\\n  ')], ...blocks];
      if (client.environment !== undefined) all.splice(1, 0, ['sh', client.environment]);
      const text = all.map(([language, block]) => `\`\`\`${language}\n${plain(block)}\n\`\`\``);
      chapters.set(chapter, [`## ${title}`, words, ...text].join('\n\n'));
    },
    async render() {
      const missing = Object.keys(CHAPTERS).filter((name) => !chapters.has(name));
      if (missing.length > 0) throw new Error(`these did not run: ${missing.join(', ')}`);
      const page = [HEAD, ...Object.keys(CHAPTERS).map((name) => chapters.get(name))].join('\n\n');
      const options = await resolveConfig('docs/recipes.md');
      return format(page, { ...options, parser: 'markdown' });
    },
  };
}
