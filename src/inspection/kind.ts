import type { ReadToken } from './reading.ts';

/** What a string that somebody presents may be. */
export type TokenKind = keyof typeof KINDS;

export const KINDS = {
  access_token: 'access token (JWT, RFC 9068)',
  id_token: 'ID token',
  logout_token: 'logout token',
  status_list_token: 'status list token',
  signed_jwt: 'JWT of this server that is no access token',
  dpop_proof: 'DPoP proof',
  client_assertion: 'client assertion',
  request_object: 'request object',
  foreign_jwt: 'JWT that is not of this server',
  encrypted_jwt: 'encrypted JWT',
  opaque_access_token: 'opaque access token, for userinfo at this server',
  refresh_token: 'refresh token',
  authorization_code: 'authorization code',
  device_code: 'device code',
  initial_access_token: 'token to register a client with',
  registration_access_token: 'token of a client for its own registration',
  unknown: 'unknown',
} as const;

/** What each is for; the reason why no API accepts it. */
export const PURPOSES: Partial<Record<TokenKind, string>> = {
  id_token: 'It tells its client who signed in; no API may accept it.',
  logout_token: 'It tells its client that somebody signed out; no API may accept it.',
  status_list_token: 'It tells APIs which tokens were revoked; it lets nobody in.',
  signed_jwt: 'It is no access token, so no API may accept it.',
  dpop_proof:
    'It proves that somebody holds a key, for one request; it lets nobody in without its access token.',
  client_assertion: 'A client proves with it who it is, to this server; no API may accept it.',
  request_object: 'A client asks with it for an authorization; no API may accept it.',
  encrypted_jwt: 'This server makes none.',
  opaque_access_token: 'Only this server can read it: an API that verifies JWTs refuses it.',
  refresh_token: 'Its client gets access tokens for it, from this server; no API may accept it.',
  authorization_code: 'Its client gets tokens for it, once; no API may accept it.',
  device_code: 'Its client gets tokens for it, once; no API may accept it.',
  initial_access_token: 'It lets a client register itself at this server; no API may accept it.',
  registration_access_token: 'It lets a client change its own registration; no API may accept it.',
};

const ARTIFACT_KINDS: Readonly<Record<string, TokenKind>> = {
  AccessToken: 'opaque_access_token',
  RefreshToken: 'refresh_token',
  AuthorizationCode: 'authorization_code',
  DeviceCode: 'device_code',
  InitialAccessToken: 'initial_access_token',
  RegistrationAccessToken: 'registration_access_token',
};

/** By `typ` where there is one (RFC 8725 §3.11), else by the claims that only this kind has. */
export function kindOf(read: ReadToken, issuer: string): TokenKind {
  if (read.kind === 'unknown') return read.isEncrypted ? 'encrypted_jwt' : 'unknown';
  if (read.kind === 'opaque') return ARTIFACT_KINDS[read.artifact.model] ?? 'unknown';
  if (read.signature === 'valid' && read.claims.iss === issuer) return ownKind(read);
  const typ = typOf(read.header);
  if (typ === 'dpop+jwt') return 'dpop_proof';
  if (typ === 'oauth-authz-req+jwt') return 'request_object';
  const { iss, sub } = read.claims;
  // RFC 7523 §3: issuer and subject are the client.
  const isAssertion = typ === 'client-authentication+jwt' || typ === 'jwt' || typ === undefined;
  if (isAssertion && typeof iss === 'string' && iss === sub) return 'client_assertion';
  return 'foreign_jwt';
}

type Jwt = Extract<ReadToken, { kind: 'jwt' }>;

function ownKind({ header, claims }: Jwt): TokenKind {
  const typ = typOf(header);
  if (typ === 'at+jwt') return 'access_token';
  if (typ === 'logout+jwt' || 'events' in claims) return 'logout_token';
  if (typ === 'statuslist+jwt') return 'status_list_token';
  // OIDC Core §2: who signed in, for which client, until when.
  const isAboutSomebody = typeof claims.sub === 'string' && claims.aud !== undefined;
  return isAboutSomebody && claims.exp !== undefined && !('client_id' in claims) ? 'id_token' : 'signed_jwt';
}

/** RFC 7515 §4.1.9: a media type, of which `application/` may be left out. */
function typOf(header: Readonly<Record<string, unknown>>): string | undefined {
  const { typ } = header;
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined;
}
