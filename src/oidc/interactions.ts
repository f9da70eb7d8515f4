import type { Context } from 'koa';
import type Provider from 'oidc-provider';
import { errors, type InteractionResults } from 'oidc-provider';

import type { Acr } from '../authenticators/acr.ts';
import type { ClientBrand } from '../clients/brand.ts';
import type { ClientRecord } from '../clients/client.ts';
import { allowConsent, consentRequest, type ConsentRequest } from './consent.ts';
import type { HallContext } from './context.ts';
import { demandOf, type Demand } from './demand.ts';
import { STEP_UP } from './policy.ts';

/** What a person is asked, as the doors see it: the library's interaction, resolved to names and words. */
export interface Interaction {
  readonly uid: string;
  readonly prompt: 'login' | 'consent' | 'select_account';
  readonly reasons: readonly string[];
  readonly client: InteractionClient;
  /** For the page's `form-action`; undefined in the device flow. */
  readonly redirectUri: string | undefined;
  /** The person signed in, if any. */
  readonly account: { readonly id: string } | undefined;
  readonly loginHint?: string;
  readonly uiLocales?: string;
  /** How old a sign-in may be for the client, in seconds (`max_age`); 0 for `prompt=login`. undefined: it does not say. */
  readonly maxAgeSeconds: number | undefined;
  readonly consent?: ConsentRequest;
  /** How surely the person has to sign in. */
  readonly demand: Demand;
  /** Set when the person signed in has to prove more and nothing again: what their session says. */
  readonly stepUp?: ProvedBefore;
}

/** What a session that goes on was signed in with. */
export interface ProvedBefore {
  readonly accountId: string;
  readonly amr: readonly string[];
  readonly authTime: Date;
  readonly remember: boolean;
}

export interface InteractionClient {
  readonly id: string;
  readonly name: string;
  readonly clientUri?: string;
  readonly logoUri?: string;
  readonly policyUri?: string;
  readonly tosUri?: string;
  readonly brand: ClientBrand;
  /** It registered itself: nobody vouches for its name. */
  readonly dynamic: boolean;
}

/** What was proved, as it goes into the session and from there into every token. */
export interface SignInResult {
  readonly accountId: string;
  readonly amr: readonly string[];
  readonly acr: Acr;
  readonly remember: boolean;
  /** The upstream identity they came with, if any, and the upstream's `sid`. */
  readonly identityId: string | null;
  readonly upstreamSid: string | null;
  /** Where that is written down, until a session has begun with it. */
  readonly provedIn: string;
  /** When that was, if not now. */
  readonly authTime?: Date | undefined;
}

/** Every answer gives the URL that the browser is sent to next (303). */
export interface Interactions {
  /** undefined: expired, finished, or begun in another browser. */
  find(ctx: Context): Promise<Interaction | undefined>;
  /** Whether there is something left to answer, in whatever browser. */
  isOpen(uid: string): Promise<boolean>;
  signIn(ctx: Context, result: SignInResult): Promise<string>;
  /** Goes on with the account that is signed in, where the client asked for a choice. */
  keepAccount(ctx: Context): Promise<string>;
  allow(ctx: Context): Promise<string>;
  deny(ctx: Context): Promise<string>;
}

type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

export function createInteractions(hall: HallContext, current: () => Provider): Interactions {
  const finish = (ctx: Context, result: InteractionResults, mergeWithLastSubmission: boolean) =>
    current().interactionResult(ctx.req, ctx.res, result, { mergeWithLastSubmission });

  return {
    async find(ctx) {
      const details = await findDetails(current(), ctx);
      const record = details && (await hall.clients.find(String(details.params['client_id'])));
      return details && record && (await present(hall, current(), details, record));
    },
    async isOpen(uid) {
      const interaction = await current().Interaction.find(uid);
      return interaction !== undefined && interaction.result === undefined;
    },
    signIn: (ctx, { amr, authTime, ...result }) =>
      finish(
        ctx,
        {
          login: {
            ...result,
            amr: [...amr],
            ts: Math.floor((authTime ?? hall.clock.now()).getTime() / 1000),
          },
          // Whoever has just signed in has chosen.
          select_account: {},
        },
        false,
      ),
    keepAccount: (ctx) => finish(ctx, { select_account: {} }, true),
    async allow(ctx) {
      const grantId = await allowConsent(hall, current(), ctx);
      return finish(ctx, { consent: { grantId } }, true);
    },
    deny: (ctx) =>
      finish(ctx, { error: 'access_denied', error_description: 'the person did not allow it' }, false),
  };
}

async function findDetails(provider: Provider, ctx: Context): Promise<Details | undefined> {
  try {
    return await provider.interactionDetails(ctx.req, ctx.res);
  } catch (error) {
    if (error instanceof errors.SessionNotFound) return undefined;
    throw error;
  }
}

async function present(
  hall: HallContext,
  provider: Provider,
  details: Details,
  record: ClientRecord,
): Promise<Interaction> {
  const { params } = details;
  const prompt = details.prompt.name;
  if (prompt !== 'login' && prompt !== 'consent' && prompt !== 'select_account') {
    throw new TypeError(`no page for the prompt ${prompt}`);
  }
  return {
    uid: details.uid,
    prompt,
    reasons: details.prompt.reasons,
    client: presentClient(record),
    redirectUri: text(params['redirect_uri']),
    account: details.session && { id: details.session.accountId },
    ...optional('loginHint', text(params['login_hint'])),
    ...optional('uiLocales', text(params['ui_locales'])),
    maxAgeSeconds: maxAgeOf(params),
    ...(prompt === 'consent' ? { consent: await consentRequest(hall, details, record) } : {}),
    demand: await demandOf(hall, params),
    ...(await stepUpOf(provider, details)),
  };
}

function maxAgeOf(params: Details['params']): number | undefined {
  if (text(params['prompt'])?.split(' ').includes('login')) return 0;
  const maxAge = params['max_age'] === undefined ? Number.NaN : Number(params['max_age']);
  return Number.isSafeInteger(maxAge) && maxAge >= 0 ? maxAge : undefined;
}

/** A client that also wants to see the person again (`max_age`, `prompt=login`) or somebody else gets no step-up. */
async function stepUpOf(
  provider: Provider,
  { prompt, session }: Details,
): Promise<{ stepUp?: ProvedBefore }> {
  const alone = prompt.name === 'login' && prompt.reasons.every((reason) => reason === STEP_UP);
  const found = alone && session?.uid !== undefined && (await provider.Session.findByUid(session.uid));
  if (!found || found.accountId === undefined || found.loginTs === undefined) return {};
  const { accountId, amr = [], loginTs, transient } = found;
  return { stepUp: { accountId, amr, authTime: new Date(loginTs * 1000), remember: transient !== true } };
}

function presentClient({ id, metadata, origin, brand }: ClientRecord): InteractionClient {
  return {
    id,
    name: text(metadata['client_name']) ?? id,
    brand,
    dynamic: origin === 'dynamic',
    ...optional('clientUri', text(metadata['client_uri'])),
    ...optional('logoUri', text(metadata['logo_uri'])),
    ...optional('policyUri', text(metadata['policy_uri'])),
    ...optional('tosUri', text(metadata['tos_uri'])),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function optional<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  if (value !== undefined) found[key] = value;
  return found;
}
