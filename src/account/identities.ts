import { chooseLanguage } from '../../views/language.ts';
import type { UpstreamPages } from '../../views/locals/upstream.ts';
import { httpError } from '../http/errors.ts';
import { showPage } from '../http/show-page.ts';
import { fieldsOf } from '../interactions/fields.ts';
import { displayName } from '../interactions/present.ts';
import { seeOther } from '../interactions/see-other.ts';
import { reportUpstream, STATUSES, type Failure } from '../interactions/upstream-problem.ts';
import { disconnectIdentity } from '../revocation/disconnect-identity.ts';
import { beginRequest, finishRequest, isRedirected } from '../upstream/ask.ts';
import { connectWaiting } from '../upstream/connect.ts';
import { listIdentities } from '../upstream/identity-store.ts';
import { factsOf, labelOf } from '../upstream/mapping.ts';
import { UpstreamError } from '../upstream/problem.ts';
import {
  findWaiting,
  forgetWaiting,
  saveWaiting,
  saveWaitingAccount,
  useRequest,
} from '../upstream/request-store.ts';
import { listProviders } from '../upstream/store.ts';
import { openWaiting, sealWaiting, stateDigest, WAITING_TTL_SECONDS } from '../upstream/request.ts';
import type { AccountContext, AccountPage, AccountVisit } from './context.ts';
import { handOf } from './hand.ts';
import { leaveNotice } from './notice.ts';
import { pathOfPage } from './paths.ts';
import { showAccountPage } from './show-account-page.ts';

type Locals = UpstreamPages['account-identities'];

/**
 * Which other services sign somebody in to this account. Connecting takes proof of both: a fresh sign-in here, and the
 * provider's word in the same browser; then the person says yes.
 */
export const identities: AccountPage = {
  get: (context, visit) => show(context, visit),
  actions: {
    add: { run: leave, fresh: true, hasItem: true },
    arrive: { run: arrive, byGet: true, hasItem: true },
    connect: { run: connect, fresh: true },
    disconnect: { run: disconnect, fresh: true, hasItem: true },
  },
};

async function leave(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { ctx, session, item = '' } = visit;
  const provider = await context.identityProviders.findBySlug(item);
  if (!provider || !isRedirected(provider))
    throw httpError('not_found', 'There is no such identity provider.');
  try {
    const origin = { purpose: 'link', sessionUid: session.uid } as const;
    const url = await beginRequest(context, provider, { origin, wishes: {} });
    showPage(context.views, ctx, 'upstream-passing', { provider: provider.name, url });
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return refuse(context, visit, { reason: error.reason, provider, error });
  }
}

/** Back from the provider, in the session that left. What came waits for the person's yes. */
async function arrive(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { db, clock, seal } = context;
  const state = visit.item ?? '';
  const digest = stateDigest(state);
  const origin = { purpose: 'link', sessionUid: visit.session.uid } as const;
  const request = await useRequest(db.knex, { digest, origin, now: clock.now() });
  const providers = await context.identityProviders.all();
  const provider = providers.find(({ id }) => id === request?.providerId);
  if (!request || !provider) return refuse(context, visit, { reason: 'used' });
  try {
    const identity = await finishRequest(context, provider, { state, request });
    const { issuer, subject } = identity;
    const label = labelOf(factsOf(provider, identity));
    const waiting = sealWaiting(seal, digest, { issuer, subject, label, collides: false });
    const expiresAt = new Date(clock.now().getTime() + WAITING_TTL_SECONDS * 1000);
    await db.transaction(async (tx) => {
      await saveWaiting(tx, { digest, origin, identity: waiting, expiresAt });
      await saveWaitingAccount(tx, digest, visit.account.id);
    });
    // Not a redirect: the browser comes from another site, and what follows has to see every cookie of ours.
    showPage(context.views, visit.ctx, 'upstream-passing', {
      provider: undefined,
      url: '/account/identities',
    });
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return refuse(context, visit, { reason: error.reason, provider, error });
  }
}

async function connect(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { account, session } = visit;
  const origin = { purpose: 'link', sessionUid: session.uid } as const;
  const { decision } = fieldsOf(visit.ctx);
  if (decision === 'skip') {
    await forgetWaiting(context.db.knex, origin);
    return seeOther(visit.ctx, pathOfPage('identities'));
  }
  if (decision !== 'connect') throw httpError('invalid_request', 'The decision must be connect or skip.');
  const connected = await connectWaiting(context, { origin, account, language: languageOf(visit) });
  if (!connected.ok) {
    return refuse(context, visit, { reason: connected.reason === 'taken' ? 'taken' : 'used' });
  }
  leaveNotice(visit.ctx, { kind: 'identityConnected' });
  return seeOther(visit.ctx, pathOfPage('identities'));
}

async function disconnect(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { account, item = '' } = visit;
  const language = languageOf(visit);
  const { actor } = handOf(visit);
  const ended = await disconnectIdentity(context, { account, identityId: item, language, actor });
  if (ended.ok) {
    // It may have been this session that came through it.
    const isSignedIn = (await context.sessions.find(visit.ctx)) !== undefined;
    if (isSignedIn) leaveNotice(visit.ctx, { kind: 'identityDisconnected' });
    return seeOther(visit.ctx, isSignedIn ? pathOfPage('identities') : '/account');
  }
  if (ended.reason === 'gone') throw httpError('not_found', 'There is no such connected account.');
  return show(context, visit, { reason: 'lastWayIn', name: ended.provider }, 422);
}

/** What came of connecting is written down where the person and the operators look for it. */
async function refuse(context: AccountContext, visit: AccountVisit, failure: Failure): Promise<void> {
  const { ctx, account } = visit;
  const event = { type: 'identity.link-failed', actor: handOf(visit).actor };
  await reportUpstream(context, ctx, { ...failure, accountId: account.id, event });
  const { reason, provider } = failure;
  return show(context, visit, { reason, name: provider?.name ?? '' }, STATUSES[reason]);
}

async function show(
  context: AccountContext,
  visit: AccountVisit,
  problem?: Locals['problem'],
  status = 200,
): Promise<void> {
  const { db, clock, seal } = context;
  const providers = await listProviders(db.knex);
  const known = await listIdentities(db.knex, visit.account.id);
  const origin = { purpose: 'link', sessionUid: visit.session.uid } as const;
  const waiting = await findWaiting(db.knex, origin, clock.now());
  const waitsFor = providers.find(({ id }) => id === waiting?.providerId);
  const opened = waiting && openWaiting(seal, waiting.digest, waiting.identity);
  const taken = new Set(known.map(({ providerId }) => providerId));
  const locals: Omit<Locals, 'frame'> = {
    identities: known.map((identity) => {
      const provider = providers.find(({ id }) => id === identity.providerId);
      return {
        id: identity.id,
        provider: provider?.name ?? identity.issuer,
        label: identity.label === null ? undefined : displayName(identity.label),
        linkedAt: identity.linkedAt,
        lastUsedAt: identity.lastUsedAt ?? undefined,
        isDisabled: provider?.disabledAt !== null,
      };
    }),
    offers: providers
      .filter((one) => one.disabledAt === null && isRedirected(one) && !taken.has(one.id))
      .map(({ slug, name }) => ({ slug, name })),
    waiting:
      opened && waitsFor
        ? { provider: waitsFor.name, label: opened.label === null ? undefined : displayName(opened.label) }
        : undefined,
    problem,
  };
  showAccountPage(context, visit, 'account-identities', 'identities', locals, { status });
}

function languageOf({ ctx, account }: AccountVisit) {
  return chooseLanguage(account.profile.locale, ctx.get('Accept-Language'));
}
