import { setTimeout as pause } from 'node:timers/promises';

import type { IdentityProviderOf } from '../upstream/identity-provider.ts';
import type { UpstreamIdentity } from '../upstream/identity.ts';
import { signInToDirectory, type DirectorySignIn } from '../upstream/ldap.ts';
import { domainOf } from '../upstream/rules.ts';
import { openSecrets } from '../upstream/secrets.ts';
import type { InteractionsContext } from './context.ts';
import { createTurns } from './turns.ts';

/** A directory that knows the password, and whom it says it is of. */
export interface DirectoryArrival {
  readonly provider: IdentityProviderOf<'ldap'>;
  readonly identity: UpstreamIdentity;
}

/**
 * Which directory a password is for. `alone`: nobody of its domain signs in with a password of ours, so that whoever is
 * removed there is out. Otherwise ours comes first and the directory for what we do not let in.
 */
export interface DirectoryChoice {
  readonly provider: IdentityProviderOf<'ldap'>;
  readonly alone: boolean;
}

/** Connections to one directory: a slow one keeps its own people waiting, and nobody else. */
const TURNS = { maxParallel: 16, queueMax: 100, retryAfterSeconds: 2 };

/**
 * Refusals come at whole multiples of this after the password came, because how long a directory takes tells whether it knows
 * the name: one search, or a search and a hash. Twice of what both take together where it is near.
 */
const REFUSAL_STEP_MS = 400;

/**
 * By the domain of an e-mail address, else the default directory, if there is one. Who has just proved themselves to the
 * directory of their domain (`connects`) is asked for the password of the account here, to connect the two.
 */
export async function chooseDirectory(
  { identityProviders }: Pick<InteractionsContext, 'identityProviders'>,
  { identifier, connects }: { readonly identifier: string; readonly connects?: string | undefined },
): Promise<DirectoryChoice | undefined> {
  const domain = domainOf(identifier);
  const byDomain = domain === undefined ? undefined : await identityProviders.findByDomain(domain);
  if (byDomain)
    return isDirectory(byDomain) ? { provider: byDomain, alone: byDomain.id !== connects } : undefined;
  const provider = (await identityProviders.all())
    .filter(isDirectory)
    .find(({ settings }) => settings.isDefault);
  return provider && { provider, alone: false };
}

/** Throws `directory_unavailable` or `overloaded` (503). */
export function createDirectoryCheck(context: InteractionsContext) {
  const inTurn = createTurns(TURNS);

  return async function askDirectory(
    provider: IdentityProviderOf<'ldap'>,
    attempt: { readonly identifier: string; readonly password: string },
  ): Promise<DirectorySignIn> {
    const { bindPassword = '' } = openSecrets(context.seal, provider);
    const directory = {
      settings: provider.settings,
      mapping: provider.mapping,
      groupsAttribute: provider.groupsAttribute,
      bindPassword,
    };
    return inTurn(provider.id, () => signInToDirectory(context, directory, attempt));
  };
}

/** Waits until the next step after `startedAtMs` (by `performance.now`). */
export async function untilNextStep(startedAtMs: number): Promise<void> {
  const elapsedMs = performance.now() - startedAtMs;
  await pause(Math.ceil(elapsedMs / REFUSAL_STEP_MS) * REFUSAL_STEP_MS - elapsedMs);
}

function isDirectory(provider: { readonly kind: string }): provider is IdentityProviderOf<'ldap'> {
  return provider.kind === 'ldap';
}
