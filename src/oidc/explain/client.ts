import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { Context } from 'koa';

import type { ClientRecord, SecretRecord } from '../../clients/client.ts';
import { isLive } from '../../clients/secret.ts';
import { equal, hmac } from '../../crypto/digest.ts';
import { verificationKeys } from '../../crypto/secrets.ts';
import { quote, type DecisionLine } from '../../decisions/decision.ts';
import { readBasicCredentials, type BasicCredentials } from '../../http/basic-credentials.ts';
import type { HallContext } from '../context.ts';
import { oidcOf } from '../library-context.ts';
import type { Refusal } from './refusals.ts';

const STEP = 'client authentication';

/** How the client named and proved itself, against its registration. Secrets are compared as digests and named by their hints. */
export async function explainClient(
  hall: HallContext,
  ctx: Context,
  { error }: Refusal,
): Promise<readonly DecisionLine[]> {
  if (error !== 'invalid_client' && error !== 'unauthorized_client' && error !== 'invalid_request') return [];
  const id = presentedClient(ctx);
  if (id === undefined) return error === 'invalid_client' ? [line('no client was named')] : [];
  const record = await hall.clients.find(id);
  if (!record) return [line(unknownInWords(id))];
  if (record.disabledAt) return [line(`the client is disabled, since ${record.disabledAt.toISOString()}`)];
  if (error !== 'invalid_client') return grantTypeLines(ctx, record);
  return [
    ...methodLines(ctx, record),
    ...secretLines(hall, ctx, record),
    ...assertionLines(hall, ctx, record),
  ];
}

/** As far as it can be read; nobody has checked it. */
export function presentedClient(ctx: Context): string | undefined {
  const named = oidcOf(ctx)?.params?.['client_id'];
  const subject = assertionOf(ctx)?.payload['sub'];
  const id = basicOf(ctx)?.clientId ?? (typeof named === 'string' ? named : undefined) ?? subject;
  return typeof id === 'string' && id !== '' ? id : undefined;
}

function unknownInWords(id: string): string {
  return id.startsWith('gcs_')
    ? 'a client secret was sent where the client_id belongs: rotate it, it may be in the logs of others'
    : `there is no client ${quote(id)}`;
}

function methodLines(ctx: Context, record: ClientRecord): DecisionLine[] {
  const registered = String(record.metadata['token_endpoint_auth_method']);
  const used = usedMethods(ctx);
  if (used.includes(registered)) return [];
  return [line(`the client authenticated with ${used.join(' or ')}, but is registered for ${registered}`)];
}

function usedMethods(ctx: Context): readonly string[] {
  const params = oidcOf(ctx)?.params ?? {};
  // The library takes a secret from either place.
  if (basicOf(ctx) || params['client_secret']) return ['client_secret_basic', 'client_secret_post'];
  if (params['client_assertion']) return ['private_key_jwt'];
  return ['none', 'tls_client_auth', 'self_signed_tls_client_auth'];
}

function secretLines({ secrets, clock }: HallContext, ctx: Context, record: ClientRecord): DecisionLine[] {
  const posted = oidcOf(ctx)?.params?.['client_secret'];
  const presented = basicOf(ctx)?.secret ?? (typeof posted === 'string' ? posted : undefined);
  if (presented === undefined || record.secrets.length === 0) return [];
  const digests = verificationKeys(secrets, 'clientSecretKey').map((key) => hmac(key, presented));
  const known = record.secrets.find(({ digest }) => digests.some((one) => equal(one, digest)));
  const now = clock.now();
  const live = record.secrets.filter((secret) => isLive(secret, now));
  const which = live.length === 1 ? 'the live one' : `one of the ${live.length} live ones`;
  return [
    line(
      `the client secret is not ${which}; ${secretInWords(known)} (live: ${live.map(hintOf).join(', ') || 'none'})`,
    ),
  ];
}

function secretInWords(known: SecretRecord | undefined): string {
  if (!known?.expiresAt) return 'it is none that is stored: mistyped, of another client, or rotated away';
  return `it is the one that expired on ${known.expiresAt.toISOString()} (${hintOf(known)})`;
}

function hintOf({ hint }: SecretRecord): string {
  return `${hint}…`;
}

function assertionLines({ config, clock }: HallContext, ctx: Context, record: ClientRecord): DecisionLine[] {
  if (oidcOf(ctx)?.params?.['client_assertion'] === undefined) return [];
  const assertion = assertionOf(ctx);
  if (!assertion) return [line('the client assertion is no JWT')];
  const { payload, header } = assertion;
  const now = clock.now().getTime() / 1000;
  const wrong = [
    payload['aud'] !== config.issuer &&
      `aud is ${quote(textOf(payload['aud']))}, expected ${quote(config.issuer)}`,
    payload['iss'] !== record.id && `iss is ${quote(textOf(payload['iss']))}, expected the client_id`,
    typeof payload['exp'] !== 'number' && 'exp is missing',
    typeof payload['exp'] === 'number' &&
      payload['exp'] < now &&
      `it expired ${Math.round(now - payload['exp'])} s ago`,
    payload['jti'] === undefined && 'jti is missing',
  ].filter((each) => each !== false);
  const words =
    wrong.length > 0
      ? wrong.join('; ')
      : `iss, aud and exp are right; signed with ${quote(textOf(header['alg']))}, kid ${quote(textOf(header['kid']))}`;
  return [{ step: 'client assertion', verdict: wrong.length > 0 ? 'refused' : 'noted', words }];
}

function grantTypeLines(ctx: Context, record: ClientRecord): DecisionLine[] {
  const asked = oidcOf(ctx)?.params?.['grant_type'];
  const allowed = record.metadata['grant_types'];
  if (typeof asked !== 'string' || !Array.isArray(allowed) || allowed.includes(asked)) return [];
  const words = `the client may not use the grant type ${quote(asked)}; its registration has ${allowed.join(', ')}`;
  return [{ step: 'grant type', verdict: 'refused', words }];
}

function basicOf(ctx: Context): BasicCredentials | undefined {
  return readBasicCredentials(ctx.get('authorization'));
}

function assertionOf(ctx: Context) {
  const assertion = oidcOf(ctx)?.params?.['client_assertion'];
  if (typeof assertion !== 'string') return undefined;
  try {
    const payload: Record<string, unknown> = decodeJwt(assertion);
    const header: Record<string, unknown> = decodeProtectedHeader(assertion);
    return { payload, header };
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}

function line(words: string): DecisionLine {
  return { step: STEP, verdict: 'refused', words };
}
