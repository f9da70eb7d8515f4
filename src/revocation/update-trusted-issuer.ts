import { record, type Actor } from '../audit/record.ts';
import type { Config } from '../config/config.ts';
import { AppError } from '../errors.ts';
import { checkTrustedIssuer } from '../upstream/create-trusted-issuer.ts';
import type { TrustedIssuer } from '../upstream/trusted-issuer.ts';
import { findProviderId, getTrustedIssuer, saveTrustedIssuer } from '../upstream/trusted-issuer-store.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';
import { nothingEnded } from './unassign-role.ts';

export interface TrustedIssuerChanges {
  /** Slug of the identity provider whose people its subjects are. */
  readonly provider?: string | undefined;
  readonly audience?: string | undefined;
  /** null: found by discovery. */
  readonly jwksUri?: string | null | undefined;
  readonly algs?: readonly string[] | undefined;
  readonly maxAgeSeconds?: number | undefined;
  readonly oneTime?: boolean | undefined;
}

/**
 * For tokens of theirs from now on. With another identity provider its subjects are other people, so that what came of it ends.
 * Throws `trusted_issuer_not_found`, `identity_provider_not_found` (404), `invalid_trusted_issuer` (400).
 */
export function updateTrustedIssuer(
  ctx: RevocationContext & { readonly config: Pick<Config, 'mode' | 'issuer'> },
  name: string,
  changes: TrustedIssuerChanges,
  actor: Actor,
): Promise<{ issuer: TrustedIssuer; revoked: Revoked }> {
  return revoking(ctx, async (tx) => {
    const before = await getTrustedIssuer(tx, name);
    const providerId =
      changes.provider === undefined ? before.providerId : await findProviderId(tx, changes.provider);
    if (providerId === undefined) {
      throw new AppError('identity_provider_not_found', 'There is no such identity provider.', {
        status: 404,
      });
    }
    const issuer: TrustedIssuer = {
      ...before,
      providerId,
      audience: changes.audience ?? before.audience,
      jwksUri: changes.jwksUri === undefined ? before.jwksUri : changes.jwksUri,
      algs: changes.algs ?? before.algs,
      maxAgeSeconds: changes.maxAgeSeconds ?? before.maxAgeSeconds,
      oneTime: changes.oneTime ?? before.oneTime,
    };
    checkTrustedIssuer(ctx.config, { ...issuer, jwksUri: issuer.jwksUri ?? undefined });
    await saveTrustedIssuer(tx, issuer);
    const changed = Object.entries(changes).filter(([, value]) => value !== undefined);
    const detail = { id: issuer.id, issuer: issuer.issuer, changed: changed.map(([member]) => member) };
    await record(tx, { occurredAt: ctx.clock.now(), type: 'trusted-issuer.updated', actor, detail });
    const isOther = providerId !== before.providerId;
    const revoked = isOther
      ? await revokeWithin(tx, ctx, { trustedIssuer: issuer.id }, actor)
      : nothingEnded(ctx);
    return { issuer, revoked };
  });
}
