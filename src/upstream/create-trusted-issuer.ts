import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/database.ts';
import { violatedConstraint } from '../db/violation.ts';
import { AppError } from '../errors.ts';
import {
  DEFAULT_FOREIGN_ALGS,
  FOREIGN_ALGS,
  FOREIGN_MAX_AGE_SECONDS,
  type TrustedIssuer,
} from './trusted-issuer.ts';
import { findProviderId, insertTrustedIssuer } from './trusted-issuer-store.ts';

export interface TrustedIssuerContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: Pick<Config, 'mode' | 'issuer'>;
}

export interface NewTrustedIssuer {
  readonly issuer: string;
  /** Slug of the identity provider whose people its subjects are. */
  readonly provider: string;
  /** Default: our own issuer. */
  readonly audience?: string | undefined;
  readonly jwksUri?: string | undefined;
  readonly algs?: readonly string[] | undefined;
  readonly maxAgeSeconds?: number | undefined;
  readonly oneTime?: boolean | undefined;
  readonly actor: Actor;
}

/** A day: an older token says nothing about today. */
const MAX_AGE_SECONDS_MAX = 86_400;

/** Throws `invalid_trusted_issuer` (400), `identity_provider_not_found` (404), `trusted_issuer_taken` (409). */
export async function createTrustedIssuer(
  ctx: TrustedIssuerContext,
  input: NewTrustedIssuer,
): Promise<TrustedIssuer> {
  checkTrustedIssuer(ctx.config, input);
  return ctx.db.transaction(async (tx) => {
    const now = ctx.clock.now();
    const providerId = await findProviderId(tx, input.provider);
    if (providerId === undefined)
      throw new AppError('identity_provider_not_found', 'There is no such identity provider.', {
        status: 404,
      });
    const issuer: TrustedIssuer = {
      id: newId('tis'),
      issuer: input.issuer,
      providerId,
      audience: input.audience ?? ctx.config.issuer,
      jwksUri: input.jwksUri ?? null,
      algs: input.algs ?? DEFAULT_FOREIGN_ALGS,
      maxAgeSeconds: input.maxAgeSeconds ?? FOREIGN_MAX_AGE_SECONDS,
      oneTime: input.oneTime ?? false,
      createdAt: now,
    };
    await insertTrustedIssuer(tx, issuer).catch(refuseTaken);
    const detail = { id: issuer.id, issuer: issuer.issuer, provider: providerId };
    await record(tx, { occurredAt: now, type: 'trusted-issuer.created', actor: input.actor, detail });
    return issuer;
  });
}

/** What an operator may say of one. Throws `invalid_trusted_issuer` (400). */
export function checkTrustedIssuer(
  { mode, issuer: own }: Pick<Config, 'mode' | 'issuer'>,
  input: Pick<NewTrustedIssuer, 'issuer' | 'jwksUri' | 'algs' | 'maxAgeSeconds'>,
): void {
  for (const [name, url] of [
    ['issuer', input.issuer],
    ['jwks_uri', input.jwksUri],
  ] as const) {
    if (url !== undefined && !isWebAddress(url, mode)) throw invalid(`The ${name} must be an https address.`);
  }
  // Our own tokens have a ledger that says whether they live; as foreign ones they would get around it.
  if (new URL(input.issuer).origin === own) throw invalid('This server is not foreign to itself.');
  const unknown = input.algs?.filter((alg) => !FOREIGN_ALGS.some((known) => known === alg)) ?? [];
  if (unknown.length > 0 || input.algs?.length === 0)
    throw invalid(`The algorithms must be some of ${FOREIGN_ALGS.join(', ')}.`);
  const { maxAgeSeconds = FOREIGN_MAX_AGE_SECONDS } = input;
  if (maxAgeSeconds < 1 || maxAgeSeconds > MAX_AGE_SECONDS_MAX)
    throw invalid(`The greatest age must be 1 to ${MAX_AGE_SECONDS_MAX} seconds.`);
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

function isWebAddress(text: string, mode: Config['mode']): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== '' || url.search !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (mode === 'development' && LOOPBACK.has(url.hostname));
}

function invalid(message: string): AppError {
  return new AppError('invalid_trusted_issuer', message, { status: 400 });
}

function refuseTaken(error: unknown): never {
  if (violatedConstraint(error) !== 'trusted_issuers_issuer_key') throw error;
  throw new AppError('trusted_issuer_taken', 'This issuer is trusted already.', {
    status: 409,
    cause: error,
  });
}
