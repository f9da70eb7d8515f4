import { createReadStream } from 'node:fs';
import path from 'node:path';

import { AUTH0_PARTS, type Auth0Part } from '../migration/auth0-documents.ts';
import type { Auth0Export } from '../migration/read-auth0.ts';
import { exportedFiles, readJsonFile } from './import-files.ts';
import { readLines } from './lines.ts';
import { UsageError } from './usage-error.ts';

/** What files are called: as the API calls what is in them, or as the deploy CLI does. */
const NAMES: Readonly<Record<string, Auth0Part>> = {
  clients: 'clients',
  'resource-servers': 'resource_servers',
  resourceServers: 'resource_servers',
  roles: 'roles',
  'client-grants': 'client_grants',
  clientGrants: 'client_grants',
  connections: 'connections',
  databases: 'connections',
};

/**
 * A folder with `clients.json`, `resource-servers.json`, `roles.json`, `client-grants.json`, `connections.json`, and as JSON lines
 * `users*` and `password-hashes*`; or one JSON file that has these as members.
 */
export async function readAuth0Files(given: string): Promise<Auth0Export> {
  const { files, isFolder } = await exportedFiles(given);
  if (!isFolder)
    return { parts: partsOf(await readJsonFile(given)), users: objects([]), hashes: objects([]) };
  const parts = new Map<Auth0Part, unknown>();
  for (const file of files) {
    const part = NAMES[path.basename(file, '.json')];
    if (file.endsWith('.json') && part !== undefined) parts.set(part, await readJsonFile(file));
  }
  const lines = (prefix: string) => files.filter((file) => isLines(path.basename(file), prefix));
  const [users, hashes] = [lines('users'), lines('password-hashes')];
  if (parts.size + users.length + hashes.length === 0)
    throw new UsageError(`The folder has none of ${Object.keys(NAMES).join('.json, ')}.json, users.ndjson.`);
  return { parts, users: objects(users), hashes: objects(hashes) };
}

function isLines(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && /\.(?:json|ndjson|jsonl)$/.test(name);
}

function partsOf(document: unknown): Map<Auth0Part, unknown> {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new UsageError('The file is not one JSON object with clients, resourceServers, roles …');
  const found = Object.entries(document).flatMap(([name, value]) => {
    const part =
      AUTH0_PARTS.find((one) => one === name) ?? (Object.hasOwn(NAMES, name) ? NAMES[name] : undefined);
    return part === undefined ? [] : [[part, value] as const];
  });
  return new Map(found);
}

/** What is no JSON is undefined, and noted by whoever reads it. */
async function* objects(files: readonly string[]): AsyncGenerator {
  for (const file of files) {
    for await (const { text } of readLines(createReadStream(file))) yield parse(text);
  }
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
