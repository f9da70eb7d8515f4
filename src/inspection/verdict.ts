import type { Config } from '../config/config.ts';
import { moment } from './moment.ts';
import { PURPOSES, type TokenKind } from './kind.ts';
import type { Life } from './life.ts';
import type { ReadToken } from './reading.ts';
import type { Surroundings } from './surroundings.ts';

/** What those who check access tokens say of this one, now: each of them sees less than the one before. */
export interface Verdict {
  /** This server, asked about this token: introspection, userinfo, `/verify`. */
  readonly introspection: boolean;
  /** A verifier that follows the stream of revocations, or reads status lists. */
  readonly statusList: boolean;
  /** From then on also one refuses it that had just read a list when it was revoked. */
  readonly statusListKnownBy: Date | null;
  /** One that knows nothing but the JWKS. */
  readonly signatureOnly: boolean;
  readonly words: string;
}

export interface Explained {
  readonly kind: TokenKind;
  readonly read: ReadToken;
  readonly life: Life;
  readonly surroundings: Surroundings;
}

export function verdictOf(explained: Explained, config: Pick<Config, 'statusLists'>, now: Date): Verdict {
  const { kind, life, surroundings } = explained;
  if (kind !== 'access_token') {
    return refused(PURPOSES[kind] ?? 'Verifiers that trust this server refuse it.');
  }
  const until = moment(life.expiresAt);
  if (life.expiresAt !== null && life.expiresAt <= now) {
    return refused(`All refuse it since ${until}, give or take the clock skew that they forgive.`);
  }
  if (life.state === 'active') return accepted(`All accept it until ${until}${conditionOf(surroundings)}.`);
  if (life.state === 'revoked' && life.revokedAt) return verdictOnRevoked(explained, config, life.revokedAt);
  return {
    ...accepted(
      `One that reads status lists, or checks the signature only, accepts it until ${until}; introspection refuses it.`,
    ),
    introspection: false,
  };
}

function verdictOnRevoked(
  { read, life, surroundings }: Explained,
  { statusLists }: Pick<Config, 'statusLists'>,
  revokedAt: Date,
): Verdict {
  const until = moment(life.expiresAt);
  const isListed = surroundings.status?.bit === 1;
  const knownBy = isListed ? new Date(revokedAt.getTime() + (statusLists.ttlSeconds + 1) * 1000) : null;
  const byList = isListed
    ? `One that follows the stream refuses it since ${moment(revokedAt)}; one that reads status lists since ${moment(knownBy)} at the latest`
    : 'It is in no status list, so that only introspection tells that it was revoked';
  const keyRevokedAt = read.kind === 'jwt' ? (read.key?.revokedAt ?? null) : null;
  const bySignature = keyRevokedAt
    ? `one that checks the signature only refuses it as soon as it has fetched the JWKS after ${moment(keyRevokedAt)}`
    : `one that checks the signature only accepts it until ${until}`;
  return {
    introspection: false,
    statusList: !isListed && keyRevokedAt === null,
    statusListKnownBy: knownBy,
    signatureOnly: keyRevokedAt === null,
    words: `${byList}; ${bySignature}.`,
  };
}

function conditionOf({ sender }: Surroundings): string {
  if (!sender) return '';
  return sender.method === 'dpop'
    ? ', with a DPoP proof of its key for each request'
    : ', over a connection with its client certificate';
}

function accepted(words: string): Verdict {
  return { introspection: true, statusList: true, statusListKnownBy: null, signatureOnly: true, words };
}

function refused(words: string): Verdict {
  return { introspection: false, statusList: false, statusListKnownBy: null, signatureOnly: false, words };
}

export interface Wanted {
  readonly audience: string | undefined;
  readonly scopes: readonly string[];
}

/** Would an API with this audience, which asks for these scopes, accept the token? Every reason why not. */
export function findObjections(
  { kind, life, read }: Explained,
  { audiences, scopes }: { audiences: readonly string[]; scopes: readonly string[] },
  wanted: Wanted,
): string[] {
  if (kind !== 'access_token') {
    const isForeign = read.kind === 'unknown' || kind === 'foreign_jwt';
    return [isForeign ? 'it is no token of this server' : (PURPOSES[kind] ?? 'it is no access token')];
  }
  const missing = wanted.scopes.filter((scope) => !scopes.includes(scope));
  return [
    life.state !== 'active' && `it is dead (${life.state})`,
    wanted.audience !== undefined &&
      !audiences.includes(wanted.audience) &&
      `it is for ${audiences.join(' ') || 'no audience'}, not for ${wanted.audience} (invalid_token)`,
    missing.length > 0 &&
      `it lacks the scope ${missing.join(' ')}; it has ${scopes.join(' ') || 'none'} (insufficient_scope)`,
  ].filter((reason) => reason !== false);
}
