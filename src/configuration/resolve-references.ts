import type { SecretReference } from '../config/secret-reference.ts';
import { readPicture } from '../config/picture.ts';
import type { ConfigurationDocument } from './document.ts';
import { logoToText } from './logo.ts';
import { referenceName, type Resolved } from './plan-secrets.ts';
import { ConfigurationRefused, type Path, type Problem } from './problem.ts';
import type { Configuration } from './read-configuration.ts';

/**
 * Reads what a file refers to. undefined: it is not set. Rejects with an Error whose message continues the reference. The admin API
 * must not let anybody read the server's variables and files: it has {@link readNothing}.
 */
export interface ReadReference {
  secret(reference: SecretReference): Promise<string | undefined>;
  picture(file: string): Promise<Buffer>;
}

/** Where nothing can be read: secrets count as not set. */
export const readNothing: ReadReference = {
  secret: () => Promise.resolve(undefined),
  picture: () => Promise.reject(new Error('cannot be read here: put the picture in, as a data: URI')),
};

export interface References {
  /** Pictures in it are read. */
  readonly configuration: Configuration;
  readonly resolved: Resolved;
}

/** Throws {@link ConfigurationRefused}. */
export async function resolveReferences(
  configuration: Configuration,
  read: ReadReference,
): Promise<References> {
  const { document, place } = configuration;
  const problems: Problem[] = [];
  const resolved = new Map<string, string>();
  for (const { path, reference } of secretReferences(document)) {
    const value = await attempt(problems, path, () => read.secret(reference));
    if (value !== undefined) resolved.set(referenceName(reference), value);
  }
  const clients = [];
  for (const [index, client] of document.clients.entries()) {
    const logo = client.brand?.logo;
    if (typeof logo !== 'object' || logo === null) {
      clients.push(client);
      continue;
    }
    const path = ['clients', index, 'brand', 'logo'];
    const body = await attempt(problems, path, () => read.picture(logo.file));
    const picture = body === undefined ? undefined : readPicture(body);
    if (typeof picture === 'string') problems.push({ path, message: picture });
    else if (picture)
      clients.push({ ...client, brand: { ...client.brand, logo: logoToText(picture.type, picture.body) } });
  }
  if (problems.length > 0) throw new ConfigurationRefused(problems.map(place));
  return { configuration: { document: { ...document, clients }, place }, resolved };
}

function secretReferences(document: ConfigurationDocument): { path: Path; reference: SecretReference }[] {
  const ofClients = document.clients.flatMap(({ secrets = [] }, index) =>
    secrets.map((reference, position) => ({ path: ['clients', index, 'secrets', position], reference })),
  );
  const ofProviders = document.identity_providers.flatMap((provider, index) =>
    Object.entries('secrets' in provider ? (provider.secrets ?? {}) : {}).flatMap(([name, reference]) =>
      reference === undefined ? [] : [{ path: ['identity_providers', index, 'secrets', name], reference }],
    ),
  );
  return [...ofClients, ...ofProviders];
}

async function attempt<T>(problems: Problem[], path: Path, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    problems.push({ path, message: error instanceof Error ? error.message : 'cannot be read' });
    return undefined;
  }
}
