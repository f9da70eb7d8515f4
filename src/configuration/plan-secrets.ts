import { hmac } from '../crypto/digest.ts';
import { verificationKeys, type Secrets } from '../crypto/secrets.ts';
import type { Seal } from '../crypto/seal.ts';
import { isGeneratedSecret, isLive, usesSecret } from '../clients/secret.ts';
import type { SecretReference } from '../config/secret-reference.ts';
import { openSecrets } from '../upstream/secrets.ts';
import type { Problem } from './problem.ts';
import type { Stored } from './state.ts';
import type { Wanted } from './wanted.ts';

/** What becomes of a thing's secrets. Holds secrets: it stays within a plan and is never printed. */
export interface SecretsPlan {
  /** Of a client: values to let in, and ids that end. */
  readonly brought: readonly string[];
  readonly ended: readonly string[];
  /** Of a provider: under the room's names. */
  readonly provider: Readonly<Record<string, string>>;
  /** For people: where what comes is kept, and the first characters of what ends. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly notes: readonly string[];
  /** Without it the thing cannot be made. */
  readonly missing: readonly string[];
}

export interface SecretsContext {
  readonly secrets: Secrets;
  readonly seal: Seal;
  readonly now: Date;
  readonly resolved: Resolved;
}

/** What references stand for, under {@link referenceName}; what is not set is not there. */
export type Resolved = ReadonlyMap<string, string>;

const NOTHING: SecretsPlan = {
  brought: [],
  ended: [],
  provider: {},
  added: [],
  removed: [],
  notes: [],
  missing: [],
};

/** Two live secrets are one that is being replaced by the other. */
const LIVE_MAX = 2;

export function planSecrets(
  ctx: SecretsContext,
  wanted: Wanted,
  stored: Stored | undefined,
  problems: Problem[],
): SecretsPlan {
  if (wanted.kind === 'client') return planClientSecrets(ctx, wanted, stored, problems);
  if (wanted.kind === 'identity-provider') return planProviderSecrets(ctx, wanted, stored);
  return NOTHING;
}

export function referenceName(reference: SecretReference): string {
  return 'env' in reference ? `env ${reference.env}` : `file ${reference.file}`;
}

function planClientSecrets(
  { secrets, now, resolved }: SecretsContext,
  wanted: Wanted & { kind: 'client' },
  stored: Stored | undefined,
  problems: Problem[],
): SecretsPlan {
  const references = Object.values(wanted.secrets);
  if (references.length === 0) return NOTHING;
  if (!usesSecret(wanted.document.metadata)) {
    const message = 'are of no use to a client that does not authenticate with a secret';
    problems.push({ path: [...wanted.path, 'secrets'], message, isName: true });
    return NOTHING;
  }
  const live = (stored?.clientSecrets ?? []).filter((secret) => isLive(secret, now));
  const digests = new Set(live.map(({ digest }) => digest.toString('hex')));
  const known = stored?.brought ?? [];
  const [brought, added, notes, mentioned]: [string[], string[], string[], string[]] = [[], [], [], []];
  for (const [index, reference] of references.entries()) {
    const value = resolved.get(referenceName(reference));
    if (value === undefined) continue;
    if (!isGeneratedSecret(value)) {
      const message =
        'does not hold a secret as this server makes them: gcs_ and 32 random bytes in base64url';
      problems.push({ path: [...wanted.path, 'secrets', index], message });
      continue;
    }
    const own = verificationKeys(secrets, 'clientSecretKey').map((key) => hmac(key, value).toString('hex'));
    mentioned.push(...own);
    if (own.some((digest) => digests.has(digest)) || brought.includes(value)) continue;
    if (own.some((digest) => known.includes(digest))) {
      notes.push(`The secret in ${referenceName(reference)} was ended since and is not let in again.`);
      continue;
    }
    brought.push(value);
    added.push(referenceName(reference));
  }
  const complete = references.every((reference) => resolved.has(referenceName(reference)));
  // Only what came with a file goes with it, and only when the file says all that is to stay.
  const ended = complete
    ? live.filter(
        ({ digest }) => known.includes(digest.toString('hex')) && !mentioned.includes(digest.toString('hex')),
      )
    : [];
  if (live.length - ended.length + brought.length > LIVE_MAX) {
    const message = `would be more than ${LIVE_MAX} live ones with those that did not come with a file: end one of them first`;
    problems.push({ path: [...wanted.path, 'secrets'], message, isName: true });
  }
  return {
    ...NOTHING,
    brought,
    ended: ended.map(({ id }) => id),
    added,
    removed: ended.map(({ hint }) => `${hint}…`),
    notes,
  };
}

/** As files name them → as the room does. */
const PROVIDER_SECRETS: Readonly<Record<string, string>> = {
  client_secret: 'clientSecret',
  bind_password: 'bindPassword',
};

function planProviderSecrets(
  { seal, resolved }: SecretsContext,
  wanted: Wanted & { kind: 'identity-provider' },
  stored: Stored | undefined,
): SecretsPlan {
  const { settings } = wanted.document;
  const needed = [
    ...(wanted.document.kind === 'oidc' && settings['auth_method'] !== 'none' ? ['client_secret'] : []),
    ...(wanted.document.kind === 'ldap' && settings['bind_dn'] !== null ? ['bind_password'] : []),
  ];
  const current = stored?.provider ? openSecrets(seal, stored.provider) : {};
  const given = Object.entries(wanted.secrets).flatMap(([name, reference]) => {
    const value = resolved.get(referenceName(reference));
    return value === undefined
      ? []
      : [{ name: PROVIDER_SECRETS[name] ?? name, value, from: referenceName(reference) }];
  });
  const changed = given.filter(({ name, value }) => current[name] !== value);
  const has = (name: string) => {
    const own = PROVIDER_SECRETS[name] ?? name;
    return current[own] !== undefined || given.some((each) => each.name === own);
  };
  return {
    ...NOTHING,
    provider: Object.fromEntries(changed.map(({ name, value }) => [name, value])),
    added: changed.map(({ from }) => from),
    missing: needed.filter((name) => !has(name)).map((name) => missing(name, wanted)),
  };
}

function missing(name: string, { secrets, key }: Wanted): string {
  const reference = secrets[name];
  return reference === undefined
    ? `identity-provider ${key} needs secrets.${name}: say where it is kept.`
    : `identity-provider ${key} needs ${referenceName(reference)}, which is not set.`;
}
