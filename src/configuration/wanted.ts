import { KINDS, nameOf, SECTIONS, type Json, type Kind, type Settings, type Thing } from './configuration.ts';
import type { SecretReference } from '../config/secret-reference.ts';
import type { ConfigurationDocument } from './document.ts';
import { normalizeApi } from './normal-api.ts';
import { normalizeClient } from './normal-client.ts';
import { normalizeIssuer } from './normal-issuer.ts';
import { normalizeProvider } from './normal-provider.ts';
import { normalizeRole, roleKey } from './normal-role.ts';
import type { Path, Problem } from './problem.ts';

/** A thing as a file says it. `disabled` of its document is false where the file does not say. */
export type Wanted = Thing & {
  readonly path: Path;
  readonly saysDisabled: boolean;
  /** Where its secrets are kept, by the name of each: numbers for a client's. */
  readonly secrets: Readonly<Record<string, SecretReference>>;
};

/** Everything in the file in normal form, in the order of {@link KINDS}; what is wrong with any of it is added to `problems`. */
export function readWanted(document: ConfigurationDocument, config: Settings, problems: Problem[]): Wanted[] {
  const wanted = KINDS.flatMap((kind) => sectionOf(kind, document, config, problems));
  const seen = new Set<string>();
  for (const thing of wanted) {
    if (seen.has(nameOf(thing)))
      problems.push({ path: thing.path, message: `is there twice: ${nameOf(thing)}` });
    seen.add(nameOf(thing));
  }
  return wanted;
}

function sectionOf(
  kind: Kind,
  document: ConfigurationDocument,
  config: Settings,
  problems: Problem[],
): Wanted[] {
  const at = (index: number): Path => [SECTIONS[kind], index];
  switch (kind) {
    case 'api':
      return document.apis.map((given, index) => ({
        ...common(at(index), given),
        kind,
        key: given.audience,
        document: normalizeApi(given, config, at(index), problems),
      }));
    case 'role':
      return document.roles.map((given, index) => ({
        ...common(at(index), {}),
        kind,
        key: roleKey(given),
        document: normalizeRole(given, at(index), problems),
      }));
    case 'identity-provider':
      return document.identity_providers.map((given, index) => ({
        ...common(at(index), given),
        secrets: 'secrets' in given ? defined({ ...given.secrets }) : {},
        kind,
        key: given.slug,
        document: normalizeProvider(given, at(index), problems),
      }));
    case 'trusted-issuer':
      return document.trusted_issuers.map((given, index) => ({
        ...common(at(index), {}),
        kind,
        key: given.issuer,
        document: normalizeIssuer(given, config, at(index), problems),
      }));
    case 'client':
      return document.clients.map((given, index) => ({
        ...common(at(index), given),
        secrets: Object.fromEntries(Object.entries(given.secrets ?? [])),
        kind,
        key: given.client_id,
        document: normalizeClient(given, config, at(index), problems),
      }));
  }
}

function common(path: Path, { disabled }: { readonly disabled?: boolean | undefined }) {
  return { path, saysDisabled: disabled !== undefined, secrets: {} };
}

function defined<T>(record: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(record).filter((entry): entry is [string, T] => entry[1] !== undefined),
  );
}

/** The document that a file stands for, whoever wrote it how. */
export function normalForm(document: ConfigurationDocument, wanted: readonly Wanted[]): Json {
  return {
    name: document.name,
    things: wanted.map(({ kind, key, document: normal, secrets }) => ({
      kind,
      key,
      document: normal,
      secrets,
    })),
  };
}
