import type { Context } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';

import { quote, type DecisionLine } from '../../decisions/decision.ts';
import { explain, notesOf } from '../../decisions/explain.ts';
import { artifactContext, artifactDigest } from '../../grants/artifact.ts';
import { findPresentedArtifact, type PresentedArtifact } from '../../grants/presented-store.ts';
import type { HallContext } from '../context.ts';
import { oidcOf } from '../library-context.ts';
import type { Refusal } from './refusals.ts';
import { differenceInWords } from './redirect-uri.ts';

interface Presented {
  readonly model: string;
  readonly name: string;
  readonly value: string;
}

/** What became of the code, refresh token or pushed request that was presented. It is looked up by its digest and never named. */
export async function explainArtifact(
  hall: HallContext,
  ctx: Context,
  { error }: Refusal,
): Promise<readonly DecisionLine[]> {
  const presented = presentedIn(ctx, error);
  if (!presented) return [];
  const { model, name, value } = presented;
  if (notesOf(ctx)?.lines.some(({ step }) => step === name)) return [];
  const artifact = await findPresentedArtifact(hall.db.pool, [artifactDigest(model, value)]);
  if (!artifact) {
    const words = `no ${name} of this value is known: never issued here, or used up or over long ago`;
    return [{ step: name, verdict: 'refused', words }];
  }
  const clientId = oidcOf(ctx)?.client?.clientId;
  const sentences = [
    artifact.clientId !== clientId &&
      `the ${name} was issued to the client ${quote(artifact.clientId ?? '')}, and is presented by another`,
    lifeInWords(hall.clock.now(), name, artifact),
    model === 'AuthorizationCode' && redirectInWords(hall, ctx, artifact),
  ].filter((sentence) => typeof sentence === 'string');
  return sentences.map((words) => ({ step: name, verdict: 'refused', words }));
}

const NAMES: Readonly<Record<string, string>> = { AuthorizationCode: 'code', RefreshToken: 'refresh token' };

/** Said when it is found: what is presented twice ends its grant (RFC 9700 §4.14.2), and its row goes with that. */
export function explainSpent(
  ctx: KoaContextWithOIDC | undefined,
  model: string,
  payload: { readonly clientId?: unknown; readonly [member: string]: unknown },
  now: Date,
): void {
  const name = NAMES[model];
  const spentAt = payload['consumed'];
  if (name === undefined || typeof spentAt !== 'number' || ctx?.oidc.route !== 'token') return;
  const verb = name === 'code' ? 'redeemed' : 'used';
  const isSame = payload.clientId === ctx.oidc.client?.clientId;
  const by = isSame
    ? 'by the same client; its grant was ended'
    : `by its client ${quote(payload.clientId)}, not by this one`;
  const words = `the ${name} was ${verb} before, ${ago(now, new Date(spentAt * 1000))}, ${by}`;
  explain(ctx, { step: name, verdict: 'refused', words });
}

function presentedIn(ctx: Context, error: string): Presented | undefined {
  const { params = {}, route } = oidcOf(ctx) ?? {};
  const { code, refresh_token: refreshToken, device_code: deviceCode, request_uri: requestUri } = params;
  const grantType = params['grant_type'];
  if (route === 'token' && (error === 'invalid_grant' || error === 'expired_token')) {
    if (grantType === 'authorization_code' && typeof code === 'string')
      return { model: 'AuthorizationCode', name: 'code', value: code };
    if (grantType === 'refresh_token' && typeof refreshToken === 'string')
      return { model: 'RefreshToken', name: 'refresh token', value: refreshToken };
    if (typeof deviceCode === 'string')
      return { model: 'DeviceCode', name: 'device code', value: deviceCode };
  }
  if (error !== 'invalid_request_uri' || typeof requestUri !== 'string') return undefined;
  const value = requestUri.slice(requestUri.lastIndexOf(':') + 1);
  return { model: 'PushedAuthorizationRequest', name: 'pushed request', value };
}

function lifeInWords(now: Date, name: string, artifact: PresentedArtifact): string | undefined {
  const { consumedAt, expiresAt, stands, grantRevokedAt } = artifact;
  const ended = stands ? '' : '; its grant has ended, and with it every token of it';
  if (consumedAt) {
    const verb = name === 'code' ? 'redeemed' : 'used';
    return `the ${name} was ${verb} before, ${ago(now, consumedAt)}, by its client ${quote(artifact.clientId ?? '')}${ended}`;
  }
  if (!stands) {
    const since = grantRevokedAt ? `, ${ago(now, grantRevokedAt)}` : '';
    return `the grant of the ${name} has ended${since}: signed out, withdrawn, revoked, or presented twice`;
  }
  if (expiresAt && expiresAt <= now) return `the ${name} expired ${ago(now, expiresAt)}`;
  return undefined;
}

/** RFC 6749 §4.1.3: the same as in the authorization request, which need not be the only registered one. */
function redirectInWords(hall: HallContext, ctx: Context, artifact: PresentedArtifact): string | undefined {
  const sent = oidcOf(ctx)?.params?.['redirect_uri'];
  const json = hall.seal.open(artifact.payload, artifactContext(artifact.digest)).toString();
  const { redirectUri } = JSON.parse(json) as { redirectUri?: unknown };
  if (typeof sent !== 'string' || typeof redirectUri !== 'string' || sent === redirectUri) return undefined;
  return differenceInWords('redirect_uri', sent, [redirectUri])
    .replace('the registered one', 'the one the code was asked for with')
    .replace('(registered', '(asked');
}

function ago(now: Date, then: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - then.getTime()) / 1000));
  return seconds < 120 ? `${seconds} s ago` : `at ${then.toISOString()}`;
}
