import type { JWTPayload } from 'jose';

import { isObject } from './jwt-parts.ts';
import { invalidToken } from './refusal.ts';
import { readStatusReference, type StatusReference } from './status-claim.ts';

/** What a token says, checked for everything that does not change from one request to the next. */
export interface TokenClaims {
  readonly claims: JWTPayload;
  readonly audiences: readonly string[];
  readonly expiresAt: number;
  readonly notBefore: number | undefined;
  readonly issuedAt: number | undefined;
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly status: StatusReference | undefined;
  /** Thumbprint of the DPoP key (RFC 9449 §6.1), of the certificate (RFC 8705 §3.1). */
  readonly jkt: string | undefined;
  readonly certificate: string | undefined;
  readonly acr: string | undefined;
  readonly authTime: number | undefined;
}

export type Payload = Readonly<Record<string, unknown>>;

/** Of a JWT access token (RFC 9068 §2.2): seven claims must be there, and each of its own type (RFC 8725 §3.8 and §3.9). */
export function readTokenClaims(payload: Payload, issuer: string): TokenClaims {
  requireText(payload, 'jti');
  if (numericDate(payload, 'iat') === undefined) throw invalid('iat');
  if (payload['iss'] !== issuer) throw invalidToken('issuer', 'The token was issued by somebody else.');
  return readClaims(payload, issuer, requireText(payload, 'sub'));
}

/**
 * Of an introspection answer (RFC 7662 §2.2), where less is obligatory: the issuer said it itself. A token of a client on its own
 * behalf may come without `sub`; the client is then the subject (RFC 9068 §2.2).
 */
export function readIntrospectedClaims(answer: Payload, issuer: string): TokenClaims {
  if (answer['iss'] !== undefined && answer['iss'] !== issuer) {
    throw invalidToken('issuer', 'The token was issued by somebody else.');
  }
  return readClaims(answer, issuer, optionalText(answer, 'sub') ?? requireText(answer, 'client_id'));
}

function readClaims(payload: Payload, issuer: string, subject: string): TokenClaims {
  const expiresAt = numericDate(payload, 'exp');
  if (expiresAt === undefined) throw invalid('exp');
  return {
    claims: deepFreeze(payload),
    audiences: readAudiences(payload['aud']),
    expiresAt,
    notBefore: numericDate(payload, 'nbf'),
    issuedAt: numericDate(payload, 'iat'),
    subject,
    clientId: requireText(payload, 'client_id'),
    scopes: (optionalText(payload, 'scope') ?? '').split(' ').filter((scope) => scope !== ''),
    status: readStatusReference(payload['status'], issuer),
    ...readConfirmation(payload['cnf']),
    acr: optionalText(payload, 'acr'),
    authTime: numericDate(payload, 'auth_time'),
  };
}

function readAudiences(aud: unknown): readonly string[] {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!audiences.every((audience): audience is string => typeof audience === 'string' && audience !== '')) {
    throw invalid('aud');
  }
  if (audiences.length === 0) throw invalid('aud');
  return audiences;
}

/** RFC 7800 §3.1: a recipient that cannot check a binding must not take the token for an unbound one. */
function readConfirmation(cnf: unknown): Pick<TokenClaims, 'jkt' | 'certificate'> {
  if (cnf === undefined) return { jkt: undefined, certificate: undefined };
  if (!isObject(cnf)) throw invalid('cnf');
  const { jkt, 'x5t#S256': certificate, ...others } = cnf;
  if (Object.keys(others).length > 0) {
    throw invalidToken('claims', 'The token is bound to its sender in a way we do not know.');
  }
  const known = [jkt, certificate].filter((value) => value !== undefined);
  if (known.length === 0 || !known.every((value) => typeof value === 'string' && value !== '')) {
    throw invalid('cnf');
  }
  return {
    jkt: typeof jkt === 'string' ? jkt : undefined,
    certificate: typeof certificate === 'string' ? certificate : undefined,
  };
}

function requireText(payload: Payload, name: string): string {
  const value = optionalText(payload, name);
  if (!value) throw invalid(name);
  return value;
}

function optionalText(payload: Payload, name: string): string | undefined {
  const value = payload[name];
  if (value !== undefined && typeof value !== 'string') throw invalid(name);
  return value;
}

/** RFC 7519 §2. Our issuer writes whole seconds; anything else in these places is an attempt. */
function numericDate(payload: Payload, name: string): number | undefined {
  const value = payload[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw invalid(name);
  return value;
}

function invalid(name: string): Error {
  return invalidToken('claims', `The claim ${name} of the token is missing or of a wrong type.`);
}

/** One token's claims are given out many times; nobody may change them for the next. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
