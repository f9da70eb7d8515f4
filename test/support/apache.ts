import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from './server.ts';

const APACHE = '/usr/sbin/apache2';
const MODULES = '/usr/lib/apache2/modules';
const EXAMPLE_ORIGIN = 'https://intranet.example.com';

/** For `describe.skipIf(!hasApache)`: Debian's Apache with the OpenID Connect client that many intranets use. */
export const hasApache = existsSync(APACHE) && existsSync(`${MODULES}/mod_auth_openidc.so`);

if (!hasApache) {
  process.stderr.write('Tests with Apache are skipped: apache2 or libapache2-mod-auth-openidc is missing.\n');
}

export interface Apache {
  readonly origin: string;
  readonly redirectUri: string;
  /** A page that only people who are signed in see; it says who they are. */
  readonly page: string;
  /** The arguments of `guichet` that make it a client. */
  readonly registration: readonly string[];
  start(guichet: { issuer: string; secret: string }): Promise<void>;
  stop(): Promise<void>;
}

/** An Apache of our own in a temporary folder. Its address is known before it is started, so that a client can be made for it. */
export async function prepareApache(): Promise<Apache> {
  const port = await freePort();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-apache-'));
  const origin = `http://localhost:${port}`;
  let stop = async (): Promise<void> => {};
  return {
    origin,
    redirectUri: `${origin}/private/callback`,
    page: `${origin}/private/`,
    registration: asDocumented('sh', { [EXAMPLE_ORIGIN]: origin, '\\\n': '', 'guichet ': '', "'": '' })
      .trim()
      .split(/\s+/),
    async start(guichet) {
      // As root, Apache serves as another user, who has to get in here.
      await chmod(folder, 0o755);
      await mkdir(path.join(folder, 'site', 'private'), { recursive: true });
      await writeFile(path.join(folder, 'site', 'bye.html'), 'Come again.');
      const page =
        '<h1>Private</h1><p>You are <!--#echo var="OIDC_CLAIM_name" -->, <!--#echo var="REMOTE_USER" -->.</p>';
      await writeFile(path.join(folder, 'site', 'private', 'index.html'), page);
      const file = path.join(folder, 'apache.conf');
      await writeFile(file, configuration({ port, folder, origin, ...guichet }));
      stop = await run(file, folder, origin);
    },
    async stop() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function run(file: string, folder: string, origin: string): Promise<() => Promise<void>> {
  // Complaints about its configuration come before it opens the log.
  const log = await open(path.join(folder, 'error.log'), 'a');
  const child = spawn(APACHE, ['-f', file, '-DFOREGROUND'], { stdio: ['ignore', 'ignore', log.fd] });
  const exited = once(child, 'exit');
  await log.close();
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const response = await fetch(`${origin}/bye.html`).catch(() => undefined);
    if (response?.ok) {
      return async () => {
        child.kill('SIGTERM');
        await exited;
      };
    }
    if (child.exitCode !== null) break;
    await sleep(25);
  }
  child.kill('SIGKILL');
  throw new Error(`Apache did not start:\n${await readFile(path.join(folder, 'error.log'), 'utf8')}`);
}

function configuration(given: {
  port: number;
  folder: string;
  origin: string;
  issuer: string;
  secret: string;
}): string {
  const { port, folder, origin, issuer, secret } = given;
  const modules = [
    'mpm_event',
    'authz_core',
    'authn_core',
    'authz_user',
    'auth_openidc',
    'dir',
    'mime',
    'filter',
    'headers',
    'include',
  ];
  return `
    ServerRoot ${folder}
    ServerName localhost
    PidFile ${folder}/apache.pid
    DefaultRuntimeDir ${folder}
    ErrorLog ${folder}/error.log
    LogLevel warn
    Listen 127.0.0.1:${port}
    ${modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n    ')}
    ${process.getuid?.() === 0 ? 'User www-data\n    Group www-data' : ''}
    StartServers 1
    ServerLimit 1
    MinSpareThreads 1
    MaxSpareThreads 8
    ThreadsPerChild 8
    MaxRequestWorkers 8
    TypesConfig /etc/mime.types
    DocumentRoot ${folder}/site
    DirectoryIndex index.html
    AddOutputFilter INCLUDES .html

    # The tests' walker is a browser, but Node's fetch says that a script asks, which Apache sends nowhere to sign in.
    RequestHeader unset Sec-Fetch-Mode early

    ${asDocumented('apache', { 'https://id.example.com': issuer, [EXAMPLE_ORIGIN]: origin, 'gcs_…': secret })}

    <Directory ${folder}/site>
      Options +Includes
      Require all granted
    </Directory>
`;
}

/** What docs/sessions-and-consent.md tells an operator to write, with these values for those of the example. */
function asDocumented(language: 'sh' | 'apache', values: Readonly<Record<string, string>>): string {
  const text = readFileSync(path.join(import.meta.dirname, '../../docs/sessions-and-consent.md'), 'utf8');
  const [, section = ''] = text.split('## Apache as an application');
  let [, example = ''] = section.split(`\`\`\`${language}\n`);
  [example = ''] = example.split('```');
  for (const [from, to] of Object.entries(values)) {
    if (!example.includes(from)) throw new Error(`the example does not have: ${from}`);
    example = example.replaceAll(from, to);
  }
  return example;
}
