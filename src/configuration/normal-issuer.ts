import { checkTrustedIssuer } from '../upstream/create-trusted-issuer.ts';
import {
  DEFAULT_FOREIGN_ALGS,
  FOREIGN_MAX_AGE_SECONDS,
  type TrustedIssuer,
} from '../upstream/trusted-issuer.ts';
import { asSet, type Json, type Settings } from './configuration.ts';
import type { Given } from './document.ts';
import { checked, type Path, type Problem } from './problem.ts';

export type IssuerNormal = Readonly<{
  issuer: string;
  /** Slug. */
  identity_provider: string;
  audience: string;
  jwks_uri: string | null;
  algs: readonly string[];
  max_age_seconds: number;
  one_time: boolean;
}>;

export function normalizeIssuer(
  given: Given<'trusted_issuers'>,
  config: Settings,
  path: Path,
  problems: Problem[],
): IssuerNormal {
  const normal: IssuerNormal = {
    issuer: given.issuer,
    identity_provider: given.identity_provider,
    audience: given.audience ?? config.issuer,
    jwks_uri: given.jwks_uri ?? null,
    algs: asSet(given.algs ?? DEFAULT_FOREIGN_ALGS),
    max_age_seconds: given.max_age_seconds ?? FOREIGN_MAX_AGE_SECONDS,
    one_time: given.one_time ?? false,
  };
  checked(problems, path, () =>
    checkTrustedIssuer(config, {
      issuer: normal.issuer,
      jwksUri: normal.jwks_uri ?? undefined,
      algs: normal.algs,
      maxAgeSeconds: normal.max_age_seconds,
    }),
  );
  return normal;
}

export function normalOfIssuer(issuer: TrustedIssuer, slug: string): IssuerNormal {
  return {
    issuer: issuer.issuer,
    identity_provider: slug,
    audience: issuer.audience,
    jwks_uri: issuer.jwksUri,
    algs: asSet(issuer.algs),
    max_age_seconds: issuer.maxAgeSeconds,
    one_time: issuer.oneTime,
  };
}

export function issuerToFile(issuer: IssuerNormal, config: Settings): Readonly<Record<string, Json>> {
  return {
    issuer: issuer.issuer,
    identity_provider: issuer.identity_provider,
    ...(issuer.audience !== config.issuer && { audience: issuer.audience }),
    ...(issuer.jwks_uri !== null && { jwks_uri: issuer.jwks_uri }),
    ...(issuer.algs.join(' ') !== asSet(DEFAULT_FOREIGN_ALGS).join(' ') && {
      algs: issuer.algs,
    }),
    ...(issuer.max_age_seconds !== FOREIGN_MAX_AGE_SECONDS && { max_age_seconds: issuer.max_age_seconds }),
    ...(issuer.one_time && { one_time: true }),
  };
}
