import { stringify } from 'yaml';

import type { SecretReference } from '../config/secret-reference.ts';
import { usesSecret } from '../clients/secret.ts';
import {
  compareText,
  KINDS,
  nameOf,
  SECTIONS,
  type ConfigurationContext,
  type Json,
} from './configuration.ts';
import { readSnapshot } from './snapshot.ts';
import type { Stored } from './state.ts';
import { thingToFile } from './thing-to-file.ts';
import { byName, type Managed } from './store.ts';

/** Where editors find the schema: beside the file, where `guichet config schema` has put it. */
const SCHEMA_LINE = '# yaml-language-server: $schema=guichet.schema.json\n';

export interface Exported {
  /** What `readConfiguration` takes. */
  readonly document: Readonly<Record<string, Json>>;
  /** The same as YAML; the same server gives the same bytes. */
  readonly text: string;
}

/**
 * The file that makes an empty server what this one is. Sorted, defaults left out. Secrets do not travel: it says where they are
 * kept, or where it is suggested to keep them. Trusted issuers whose provider is gone are left out: they are good for nothing.
 */
export async function exportConfiguration(
  ctx: Pick<ConfigurationContext, 'db' | 'config'>,
): Promise<Exported> {
  const state = await readSnapshot(ctx.db);
  const managed = byName(state.managed);
  const things = [...state.things.values()].toSorted((a, b) => compareText(a.key, b.key));
  const sections = KINDS.map((kind) => {
    const those = things.filter((thing) => thing.kind === kind && !isOrphan(thing));
    return [SECTIONS[kind], those.map((thing) => toFile(ctx, thing, managed.get(nameOf(thing))))] as const;
  });
  const sources = new Set(state.managed.map(({ source }) => source));
  const [only] = sources;
  const document = {
    version: 1,
    ...(sources.size === 1 && only !== undefined && only !== 'guichet' && { name: only }),
    ...Object.fromEntries(sections.filter(([, those]) => those.length > 0)),
  };
  return { document, text: configurationText(document) };
}

/** As YAML, with where its schema is. */
export function configurationText(document: Exported['document']): string {
  return SCHEMA_LINE + stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}

function isOrphan(thing: Stored): boolean {
  return thing.kind === 'trusted-issuer' && thing.document.identity_provider === '';
}

/** With its secrets by reference: those that a file said, or others that are suggested. */
function toFile(
  { config }: Pick<ConfigurationContext, 'config'>,
  thing: Stored,
  managed: Managed | undefined,
): Json {
  const said = thingToFile(thing, config);
  const known = { ...suggested(thing), ...managed?.secrets };
  if (Object.keys(known).length === 0) return said;
  return { ...said, secrets: thing.kind === 'client' ? Object.values(known) : known };
}

/** `nightly-jobs` → `NIGHTLY_JOBS_SECRET`. */
function suggested(thing: Stored): Readonly<Record<string, SecretReference>> {
  const env = `${thing.key.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}_SECRET`.replace(
    /^(?=\d)|^GUICHET_/,
    '_',
  );
  if (thing.kind === 'client') return usesSecret(thing.document.metadata) ? { 0: { env } } : {};
  if (thing.kind !== 'identity-provider') return {};
  const { kind, settings } = thing.document;
  if (kind === 'oidc' && settings['auth_method'] !== 'none') return { client_secret: { env } };
  if (kind === 'ldap' && settings['bind_dn'] !== null) return { bind_password: { env } };
  return {};
}
