import { z } from 'zod';

import { chooseLanguage } from '../../views/language.ts';
import type { Account } from '../accounts/account.ts';
import { findAccount } from '../accounts/store.ts';
import type { Progress } from '../authenticators/progress.ts';
import { findProgress } from '../authenticators/progress-store.ts';
import { csrfToken } from '../http/csrf.ts';
import { httpError } from '../http/errors.ts';
import { showPage } from '../http/show-page.ts';
import { connectWaiting } from '../upstream/connect.ts';
import { findWaiting, forgetWaiting, saveWaitingAccount, type Waiting } from '../upstream/request-store.ts';
import { openWaiting } from '../upstream/request.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { fieldsOf, isOurForm } from './fields.ts';
import { formTargetsOf } from './form-targets.ts';
import { destinationOf, displayName, findPerson, presentClient } from './present.ts';
import { weigh } from './pending.ts';
import { proceed } from './proceed.ts';
import { isSecondFactorRemembered } from './remembered-device.ts';
import { seeOther } from './see-other.ts';
import { showUpstreamProblem } from './upstream-problem.ts';

const decisionForm = z.object({ decision: z.enum(['connect', 'skip']) });

/**
 * The last question of a sign-in in which an identity waits: the person has proved everything that is asked of them here, and
 * says whether the two are one. True: they are asked, and the sign-in goes on from their answer.
 */
export async function asksToConnect(
  { db, clock }: InteractionsContext,
  { ctx, interaction }: Visit,
  progress: Progress,
): Promise<boolean> {
  const waiting = await findWaiting(db.knex, originOf(interaction), clock.now());
  if (!waiting) return false;
  await saveWaitingAccount(db.knex, waiting.digest, progress.accountId);
  seeOther(ctx, `/interaction/${interaction.uid}/connect`);
  return true;
}

export async function showConnect(context: InteractionsContext, visit: Visit): Promise<void> {
  const { ctx, interaction } = visit;
  const asked = await findAsked(context, visit);
  const person = asked && (await findPerson(context, { id: asked.progress.accountId }));
  const provider =
    asked && (await context.identityProviders.all()).find(({ id }) => id === asked.waiting.providerId);
  if (!person || !provider) return seeOther(ctx, `/interaction/${interaction.uid}`);
  const { label } = openWaiting(context.seal, asked.waiting.digest, asked.waiting.identity);
  showPage(
    context.views,
    ctx,
    'upstream-connect',
    {
      uid: interaction.uid,
      csrf: csrfToken(context.secrets, ctx, interaction.uid),
      client: presentClient(interaction.client),
      destination: destinationOf(interaction.redirectUri),
      person,
      provider: provider.name,
      label: label === null ? undefined : displayName(label),
    },
    { uiLocales: interaction.uiLocales, formTargets: formTargetsOf(interaction) },
  );
}

export async function decideConnect(context: InteractionsContext, visit: Visit): Promise<void> {
  const { ctx, interaction } = visit;
  const asked = await findAsked(context, visit);
  if (!asked) return seeOther(ctx, `/interaction/${interaction.uid}`);
  if (!isOurForm(context, visit)) return showConnect(context, visit);
  const form = decisionForm.safeParse(fieldsOf(ctx));
  if (!form.success) throw httpError('invalid_request', 'The decision must be connect or skip.');
  const origin = originOf(interaction);
  if (form.data.decision === 'skip') {
    await forgetWaiting(context.db.knex, origin);
    return proceed(context, visit, asked.progress, asked.account);
  }
  const { account } = asked;
  const language = chooseLanguage(interaction.uiLocales, ctx.get('Accept-Language'));
  const connected = await connectWaiting(context, { origin, account, language });
  if (!connected.ok) return showUpstreamProblem(context, visit, { reason: connected.reason });
  // They proved themselves with what they have here: this session is not the provider's to end.
  return proceed(context, visit, asked.progress, asked.account);
}

interface Asked {
  readonly account: Account;
  readonly progress: Progress;
  readonly waiting: Waiting;
}

/**
 * Somebody who has proved everything, and what waits for them. Whoever only began to sign in is not asked yet, though somebody
 * else, or they themselves, may have been asked before.
 */
async function findAsked(context: InteractionsContext, visit: Visit): Promise<Asked | undefined> {
  const { db, clock } = context;
  const { ctx, interaction } = visit;
  const now = clock.now();
  const progress = await findProgress(db.knex, interaction.uid, now);
  const waiting = await findWaiting(db.knex, originOf(interaction), now);
  if (!progress || progress === 'exhausted' || !waiting) return undefined;
  const account = await findAccount(db.knex, progress.accountId);
  if (!account || account.disabledAt !== null || waiting.accountId !== account.id) return undefined;
  const isRemembered = await isSecondFactorRemembered(context, ctx, account.id);
  const { step } = await weigh(context, visit, account, progress, isRemembered);
  return step === undefined ? { account, progress, waiting } : undefined;
}

function originOf({ uid }: Visit['interaction']) {
  return { purpose: 'sign-in', interactionUid: uid } as const;
}
