import { Command, CommanderError } from 'commander';

import { COMMAND } from './command-name.ts';
import { EXIT_CODES } from './exit-codes.ts';

interface Noun {
  readonly summary: string;
  readonly load: () => Promise<(noun: Command) => void>;
}

/** In the order in which somebody needs them. */
const NOUNS: Readonly<Record<string, Noun>> = {
  apis: {
    summary: 'APIs (resource servers): audiences, scopes, lifetime and signature of their tokens',
    load: async () => (await import('./apis.ts')).apisCommand,
  },
  clients: {
    summary: 'client applications: metadata, secrets, what they may ask for',
    load: async () => (await import('./clients.ts')).clientsCommand,
  },
  'trusted-issuers': {
    summary: 'foreign issuers whose tokens may be exchanged for ours (RFC 8693)',
    load: async () => (await import('./trusted-issuers.ts')).trustedIssuersCommand,
  },
  roles: {
    summary: 'roles of APIs: the scopes they carry, who has them',
    load: async () => (await import('./roles.ts')).rolesCommand,
  },
  users: {
    summary: 'people: names, profiles, passwords',
    load: async () => (await import('./users.ts')).usersCommand,
  },
  'identity-providers': {
    summary: 'where else people sign in: OpenID Connect, SAML, LDAP',
    load: async () => (await import('./identity-providers.ts')).identityProvidersCommand,
  },
  tokens: {
    summary: 'what was issued: search the ledger, look into a token, revoke',
    load: async () => (await import('./tokens.ts')).tokensCommand,
  },
  grants: {
    summary: 'what people allowed clients: list, show, revoke',
    load: async () => (await import('./grants.ts')).grantsCommand,
  },
  sessions: {
    summary: 'where people are signed in',
    load: async () => (await import('./sessions.ts')).sessionsCommand,
  },
  overview: {
    summary: 'how much there is of everything, and what was issued, refused and revoked lately',
    load: async () => (await import('./overview.ts')).overviewCommand,
  },
  explain: {
    summary: 'why a request was refused, by the request id that its answer carried',
    load: async () => (await import('./explain.ts')).explainCommand,
  },
  blocks: {
    summary: 'addresses that are shut out: block, list, lift',
    load: async () => (await import('./blocks.ts')).blocksCommand,
  },
  keys: {
    summary: 'signing keys: list, rotate, revoke',
    load: async () => (await import('./keys.ts')).keysCommand,
  },
  audit: {
    summary: 'what happened: search, export, verify; the security report',
    load: async () => (await import('./audit.ts')).auditCommand,
  },
  webhooks: {
    summary: 'send what happens to a SIEM: HTTP endpoints, syslog servers',
    load: async () => (await import('./webhooks.ts')).webhooksCommand,
  },
  mails: {
    summary: 'what was sent to people by mail: list, read in development, test the mail server',
    load: async () => (await import('./mails.ts')).mailsCommand,
  },
  'registration-tokens': {
    summary: 'let an application register itself (RFC 7591)',
    load: async () => (await import('./registration-tokens.ts')).registrationTokensCommand,
  },
  import: {
    summary: 'bring another server’s clients, APIs, roles and people along: Keycloak, Auth0',
    load: async () => (await import('./import.ts')).importCommand,
  },
  plan: {
    summary: 'what a configuration file would change',
    load: async () => (await import('./configuration.ts')).planCommand,
  },
  apply: {
    summary: 'make the server what a configuration file says',
    load: async () => (await import('./configuration.ts')).applyCommand,
  },
  export: {
    summary: 'print the configuration file that makes this server',
    load: async () => (await import('./configuration.ts')).exportCommand,
  },
  drift: {
    summary: 'what was changed past the configuration files, and by whom',
    load: async () => (await import('./configuration.ts')).driftCommand,
  },
  config: {
    summary: 'the schema of configuration files; what this server is set to',
    load: async () => (await import('./configuration.ts')).configCommand,
  },
  'setup-link': {
    summary: 'a link that makes an administrator, once',
    load: async () => (await import('./setup-link.ts')).setupLinkCommand,
  },
  migrate: {
    summary: 'bring the database schema up to date',
    load: async () => (await import('./migrate.ts')).migrateCommand,
  },
  doctor: {
    summary: 'check configuration, database, schema, keys, clock, issuer and mail',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
};

const AFTER_HELP = `
From the folder of this installation: ${COMMAND} <noun> <verb> …
Every command takes --help, and --json to print one JSON document on standard output.
Exit codes: 0 done, 1 refused, 2 wrong usage, 3 database not reachable; of plan and drift, 2 says that there are changes.

Examples:
  $ guichet apis create --audience https://api.example.com --name Orders --scope orders:read="See your orders"
  $ guichet clients create --name Nightly --kind machine --default-api https://api.example.com
  $ guichet users create --email ada@example.com --name "Ada Lovelace" --password-stdin < password.txt
  $ guichet doctor`;

/** Runs one command line; the exit code is the process's. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  try {
    const program = await createProgram(argv);
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help was asked for: commander ends that way, too.
    if (error.exitCode === 0) return;
    process.exitCode = EXIT_CODES.usage;
    if (argv.includes('--json')) {
      console.log(JSON.stringify({ error: 'usage', message: error.message }, null, 2));
    }
  }
}

/** The program with the commands of one noun; the others are named only, so that starting is quick. */
export async function createProgram(argv: readonly string[]): Promise<Command> {
  const program = new Command('guichet')
    .description('Operate a Guichet authorization server.')
    .usage('<noun> <verb> [options]')
    .helpCommand('help [noun]', 'show the commands of a noun')
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .addHelpText('after', AFTER_HELP);
  const [first, second] = argv.filter((argument) => !argument.startsWith('-'));
  // `guichet help clients` wants the verbs of clients as well.
  const wanted = first === 'help' ? second : first;
  for (const [name, noun] of Object.entries(NOUNS)) {
    const command = program.command(name).description(noun.summary);
    if (name === wanted) (await noun.load())(command);
  }
  return program;
}
