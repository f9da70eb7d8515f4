/**
 * Why the library refused, in words for operators. Its own errors say little to a client, as they should, and a little more in
 * `error_detail`; what only the request and the records together can tell is worked out here, after the answer has left.
 */
import type { EventEmitter } from 'node:events';

import type { Context, Middleware } from 'koa';
import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';

import { quote, type DecisionLine } from '../../decisions/decision.ts';
import { explain, explainLater, explainNothing, explainWhose } from '../../decisions/explain.ts';
import type { HallContext } from '../context.ts';
import { REFUSALS } from '../errors.ts';
import { oidcOf } from '../library-context.ts';
import { explainClient, presentedClient } from './client.ts';
import { explainArtifact } from './artifacts.ts';
import { explainProof } from './proof.ts';
import { explainRedirectUri } from './redirect-uri.ts';
import { explainNarrowing, explainTarget } from './scopes.ts';

export interface Refusal {
  /** The code, as it is answered. */
  readonly error: string;
  /** What the library says of it, the hidden part first. */
  readonly detail: string;
  readonly scope: unknown;
}

type Explanation = (hall: HallContext, ctx: Context, refusal: Refusal) => Promise<readonly DecisionLine[]>;

/** Each answers no line where it has nothing to say. */
const EXPLANATIONS: readonly Explanation[] = [
  explainClient,
  explainRedirectUri,
  explainArtifact,
  explainTarget,
  explainProof,
];

/** A device asks every few seconds, and a proof without a nonce is half of a handshake: nothing went wrong. */
const USUAL = new Set(['authorization_pending', 'slow_down', 'use_dpop_nonce']);

export function explainRefusals(hall: HallContext, provider: Provider): Middleware {
  const refused = new WeakSet<object>();
  const events: EventEmitter = provider;
  for (const event of [...REFUSALS, 'server_error']) {
    events.on(event, (ctx: Context, error: unknown) => {
      // Nobody is refused: every introspection of a JWT begins so (structured-tokens.ts).
      if (event === 'introspection.error' && error instanceof errors.UnsupportedTokenType) return;
      const refusal = toRefusal(error);
      if (USUAL.has(refusal.error)) return;
      refused.add(ctx);
      note(hall, ctx, refusal);
    });
  }
  return async function explainAnswer(ctx, next) {
    await next();
    const { route = '' } = oidcOf(ctx) ?? {};
    if (ctx.status === 200 && FINISHED_BY_US.has(route)) explainNothing(ctx);
    if (ctx.status === 200 && route === 'token') explainNarrowing(hall, ctx);
    if (refused.has(ctx)) nameParties(ctx);
  };
}

/** A refresh that was repeated, a JWT to look at: the library refuses and this house answers (issuance.ts, structured-tokens.ts). */
const FINISHED_BY_US = new Set(['token', 'introspection', 'revocation']);

function note(hall: HallContext, ctx: Context, refusal: Refusal): void {
  const step = STEPS[oidcOf(ctx)?.route ?? ''] ?? 'request';
  explain(ctx, { step, verdict: 'refused', words: inWords(ctx, refusal) });
  explainWhose(ctx, { outcome: refusal.error });
  for (const work of EXPLANATIONS) explainLater(ctx, () => work(hall, ctx, refusal));
}

function nameParties(ctx: Context): void {
  const oidc = oidcOf(ctx);
  explainWhose(ctx, {
    clientId: oidc?.client?.clientId ?? presentedClient(ctx),
    accountId: oidc?.account?.accountId ?? oidc?.session?.accountId,
  });
}

const STEPS: Readonly<Record<string, string>> = {
  authorization: 'authorization request',
  resume: 'authorization request',
  pushed_authorization_request: 'pushed authorization request',
  token: 'token request',
  introspection: 'introspection',
  revocation: 'revocation',
  userinfo: 'userinfo',
  device_authorization: 'device authorization',
  code_verification: 'user code',
  registration: 'registration',
  client: 'registration',
  end_session: 'sign-out',
};

/** Where the library's own words leave out what an operator would ask next. */
function inWords(ctx: Context, { error, detail }: Refusal): string {
  const params = oidcOf(ctx)?.params ?? {};
  if (error === 'login_required' && params['prompt'] === 'none')
    return 'prompt=none, but nobody is signed in, or not as was asked';
  if (error === 'consent_required' && params['prompt'] === 'none')
    return 'prompt=none, but the person has not allowed the client what it asks for';
  if (error === 'unsupported_grant_type')
    return `the grant type ${quote(params['grant_type'])} is not offered by this server`;
  if (error === 'unsupported_response_type')
    return `the response type ${quote(params['response_type'])} is not offered: only "code" is`;
  return `${error}: ${detail}`;
}

function toRefusal(error: unknown): Refusal {
  if (!(error instanceof Error)) return { error: 'server_error', detail: 'unknown', scope: undefined };
  const { error_detail: hidden, error_description: shown, scope } = error as Error & Record<string, unknown>;
  const parts = [hidden, shown].filter((part): part is string => typeof part === 'string');
  const isOurs = 'expose' in error && error.expose === true;
  return {
    error: isOurs ? error.message : 'server_error',
    detail: isOurs
      ? [...new Set(parts)].join('; ')
      : 'an unexpected failure; the log has it under this request id',
    scope,
  };
}
