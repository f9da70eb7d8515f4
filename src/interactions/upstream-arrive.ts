import { syncProviderRoles } from '../revocation/sync-provider-roles.ts';
import { finishRequest } from '../upstream/ask.ts';
import type { IdentityProvider } from '../upstream/identity-provider.ts';
import type { UpstreamIdentity } from '../upstream/identity.ts';
import { factsOf, labelOf, type Facts } from '../upstream/mapping.ts';
import { UpstreamError } from '../upstream/problem.ts';
import { provision } from '../upstream/provision.ts';
import { actorOf, recognise, type Recognised } from '../upstream/recognise.ts';
import { findRequestProvider, saveWaiting, useRequest } from '../upstream/request-store.ts';
import { sealWaiting, stateDigest, WAITING_TTL_SECONDS, type RequestOrigin } from '../upstream/request.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { proceed } from './proceed.ts';
import { seeOther } from './see-other.ts';
import { showUpstreamProblem } from './upstream-problem.ts';

/**
 * Back from a provider, in the browser that left. The request is used up before its answer is looked at, so that whatever
 * comes of it comes once.
 */
export async function arrive(context: InteractionsContext, visit: Visit): Promise<void> {
  const { db, clock } = context;
  const state = visit.item ?? '';
  const digest = stateDigest(state);
  const origin = { purpose: 'sign-in', interactionUid: visit.interaction.uid } as const;
  const request = await useRequest(db.knex, { digest, origin, now: clock.now() });
  const providerId = request?.providerId ?? (await findRequestProvider(db.knex, { digest, origin }));
  const provider = (await context.identityProviders.all()).find(({ id }) => id === providerId);
  if (!request) return showUpstreamProblem(context, visit, { reason: 'used', provider });
  if (!provider) return showUpstreamProblem(context, visit, { reason: 'gone' });
  try {
    const identity = await finishRequest(context, provider, { state, request });
    return await welcome(context, visit, { provider, identity, origin, digest });
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return showUpstreamProblem(context, visit, { reason: error.reason, provider, error });
  }
}

export interface Arrival {
  readonly provider: IdentityProvider;
  readonly identity: UpstreamIdentity;
  readonly origin: RequestOrigin;
  /** Names the request, in whose row an identity waits. */
  readonly digest: Buffer;
  /** "Keep me signed in", where they came by a form of ours. */
  readonly remember?: boolean;
}

/** Somebody whom a provider has vouched for: who that is here. */
export async function welcome(context: InteractionsContext, visit: Visit, arrival: Arrival): Promise<void> {
  const { provider, identity } = arrival;
  const facts = factsOf(provider, identity);
  if (facts.dropped.length > 0) {
    context.log.info(
      { provider: provider.slug, claims: facts.dropped },
      'claims of an identity provider were dropped',
    );
  }
  const known = await recognise(context, provider, identity, facts);
  if (known) return signInWithRoles(context, visit, arrival, known);
  if (provider.provisioning === 'link-only') return wait(context, visit, arrival, { facts, collides: false });
  const provisioned = await provision(context, provider, identity, facts);
  if (!provisioned.ok) return wait(context, visit, arrival, { facts, collides: true });
  return signInWithRoles(context, visit, arrival, provisioned);
}

/** What their groups are worth is settled before they are signed in, so that the first token of the session knows. */
async function signInWithRoles(
  context: InteractionsContext,
  visit: Visit,
  arrival: Arrival,
  person: Recognised,
): Promise<void> {
  if (person.account.disabledAt === null) {
    const { provider, identity } = arrival;
    const whose = { accountId: person.account.id, actor: actorOf(provider) };
    await syncProviderRoles(context, provider, identity, whose);
  }
  return signInAs(context, visit, arrival, person);
}

async function signInAs(
  context: InteractionsContext,
  visit: Visit,
  { provider, identity: { amr, sid }, remember = false }: Arrival,
  { account, identity }: Recognised,
): Promise<void> {
  if (account.disabledAt !== null) {
    return showUpstreamProblem(context, visit, { reason: 'disabled', provider, accountId: account.id });
  }
  // Which factors they asked for is theirs to know; that there were two is all that is believed, and only of those we trust.
  const isMfa = provider.trustsMfa && amr.includes('mfa');
  const progress = {
    accountId: account.id,
    amr: isMfa ? ['fed', 'mfa'] : ['fed'],
    remember,
    identityId: identity.id,
    upstreamSid: sid,
    provedAt: context.clock.now(),
  };
  return proceed(context, visit, progress, account);
}

/** Nobody we know, or somebody whose address an account has: they sign in to their account, and then decide. */
async function wait(
  { db, clock, seal }: InteractionsContext,
  { ctx, interaction }: Visit,
  { identity: { issuer, subject }, origin, digest }: Arrival,
  { facts, collides }: { facts: Facts; collides: boolean },
): Promise<void> {
  const waiting = { issuer, subject, label: labelOf(facts), collides };
  const expiresAt = new Date(clock.now().getTime() + WAITING_TTL_SECONDS * 1000);
  const identity = sealWaiting(seal, digest, waiting);
  await db.transaction((tx) => saveWaiting(tx, { digest, origin, identity, expiresAt }));
  seeOther(ctx, `/interaction/${interaction.uid}`);
}
