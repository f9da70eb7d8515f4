import * as oauth from 'oauth4webapi';
import { expect } from 'vitest';

import { authorize, type Authorization, type AuthorizeOptions, type Parameters } from './authorize.ts';
import { verifyIdToken, type IdToken } from './id-token.ts';
import { INSECURE, type Suite, type TestClient } from './suite.ts';

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly idToken: IdToken;
}

export interface Flow extends Authorization, Tokens {
  readonly code: string;
  readonly userinfo: oauth.UserInfoResponse;
}

/** The suite's whole flow: authorization, code, ID token, userinfo, with everything it checks in every module. */
export async function runFlow(
  suite: Suite,
  parameters?: Parameters,
  options?: AuthorizeOptions,
): Promise<Flow> {
  const authorization = await authorize(suite, parameters, options);
  const code = expectCode(suite, authorization);
  const response = await redeem(suite, authorization);
  await checkTokenResponse(response.clone());
  const { nonce } = authorization.request;
  const tokens = await readTokens(suite, response, { client: authorization.client, nonce, code });
  const userinfo = await fetchUserinfo(suite, tokens.accessToken, tokens.idToken.claims.sub);
  return { ...authorization, ...tokens, code, userinfo };
}

/** RFC 6749 §10.10: a code must be hard to guess. The suite asks for 22 characters and 96 bits. */
const CODE_LENGTH_MIN = 22;
const ENTROPY_BITS_MIN = 96;

/** The code of a successful answer. */
export function expectCode(suite: Suite, { answer, request, page }: Authorization): string {
  if (!answer) throw new Error(`no answer: ${page.status} "${page.text}"`);
  const { params } = answer;
  expect(Object.fromEntries(params)).toEqual({
    code: expect.any(String),
    iss: suite.issuer,
    ...(request['state'] === undefined ? {} : { state: request['state'] }),
  });
  const code = params.get('code') ?? '';
  expect(code.length).toBeGreaterThanOrEqual(CODE_LENGTH_MIN);
  expect(entropyBits(code)).toBeGreaterThanOrEqual(ENTROPY_BITS_MIN);
  return code;
}

/** At the token endpoint, as an independent client does it. May be called again with the same code. */
export async function redeem(
  { metadata }: Suite,
  { answer, client, request, verifier }: Authorization,
): Promise<Response> {
  const clientMetadata = { client_id: client.id };
  const params = oauth.validateAuthResponse(
    metadata,
    clientMetadata,
    new URLSearchParams(answer?.params),
    request['state'] ?? oauth.expectNoState,
  );
  return oauth.authorizationCodeGrantRequest(
    metadata,
    clientMetadata,
    client.authentication,
    params,
    client.redirectUri,
    verifier,
    INSECURE,
  );
}

/** RFC 6749 §5.1. */
export async function checkTokenResponse(response: Response): Promise<void> {
  const body = (await response.json()) as Record<string, unknown>;
  expect(response.status, JSON.stringify(body)).toBe(200);
  expect(response.headers.get('Content-Type')).toMatch(/^application\/json\b/);
  expect(response.headers.get('Cache-Control')).toContain('no-store');
  expect(body['token_type']).toBe('Bearer');
  expect(Number.isInteger(body['expires_in']) && Number(body['expires_in']) > 0).toBe(true);
  expect(body['access_token']).toMatch(TOKEN_CHARACTERS);
  expect(entropyBits(String(body['access_token']))).toBeGreaterThanOrEqual(ENTROPY_BITS_MIN);
}

/** RFC 6749 §5.2. The request id is a member of our own, which clients ignore. */
export async function expectTokenError(response: Response, error: string): Promise<void> {
  const body = (await response.json()) as Record<string, unknown>;
  expect(body).toEqual({
    error,
    error_description: expect.stringMatching(DESCRIPTION),
    request_id: response.headers.get('X-Request-Id'),
  });
  expect(response.status).toBe(400);
  expect(response.headers.get('Content-Type')).toMatch(/^application\/json\b/);
  expect(response.headers.get('Cache-Control')).toContain('no-store');
}

/** RFC 6749 appendix A.12 and A.17. */
export const TOKEN_CHARACTERS = /^[\x20-\x7e]+$/;
const DESCRIPTION = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;

export async function readTokens(
  suite: Suite,
  response: Response,
  { client, nonce, code }: { client: TestClient; nonce: string | undefined; code?: string },
): Promise<Tokens> {
  const { metadata } = suite;
  const isRefreshed = code === undefined;
  const clientMetadata = { client_id: client.id };
  const body = isRefreshed
    ? await oauth.processRefreshTokenResponse(metadata, clientMetadata, response)
    : await oauth.processAuthorizationCodeResponse(metadata, clientMetadata, response, {
        expectedNonce: nonce ?? oauth.expectNoNonce,
        requireIdToken: true,
      });
  const idToken = await verifyIdToken(suite, body.id_token ?? '', {
    clientId: client.id,
    nonce,
    accessToken: body.access_token,
    ...(code === undefined ? {} : { code }),
  });
  return { accessToken: body.access_token, refreshToken: body.refresh_token, idToken };
}

/** GET with the token in the header, and the rules of OIDC Core §5.3.2. */
export async function fetchUserinfo(
  { metadata }: Suite,
  accessToken: string,
  sub: string,
): Promise<oauth.UserInfoResponse> {
  const client = { client_id: 'unused' };
  const response = await oauth.userInfoRequest(metadata, client, accessToken, INSECURE);
  return readUserinfo(metadata, response, sub);
}

export async function readUserinfo(
  metadata: oauth.AuthorizationServer,
  response: Response,
  sub: string,
): Promise<oauth.UserInfoResponse> {
  expect(response.status).toBe(200);
  expect(response.headers.get('Content-Type')).toMatch(/^application\/json\b/);
  expect(response.headers.get('Cache-Control')).toContain('no-store');
  return oauth.processUserInfoResponse(metadata, { client_id: 'unused' }, sub, response);
}

/** Shannon's measure over the characters of a value, as the suite estimates it. */
export function entropyBits(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= count * Math.log2(count / value.length);
  return bits;
}
