/**
 * The door for people: everything between a client's request to sign somebody in and the answer it gets. It owns what is on
 * the pages and what each button does; how a page looks is in `views/`, what an answer means to the protocol is in the hall.
 * RFC 9700 §4.12 (303 after credentials) and §4.16 (clickjacking), ASVS 5.0 V6.3 (nothing tells accounts apart) and V10.7
 * (informed consent).
 */
import type { Middleware } from 'koa';

import { httpError } from '../http/errors.ts';
import { showPage } from '../http/show-page.ts';
import type { Interactions } from '../oidc/interactions.ts';
import { deny, keepAccount } from './answers.ts';
import { showChooser } from './choose-account.ts';
import { showConsent, submitConsent } from './consent.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { createPasswordCheck } from './check-password.ts';
import { seeOther } from './see-other.ts';
import { showSignIn } from './sign-in-page.ts';
import { submitSignIn } from './submit-sign-in.ts';

const STEPS = ['sign-in', 'consent', 'keep', 'deny'] as const;
type Step = (typeof STEPS)[number];

const ROUTE = /^\/interaction\/([A-Za-z0-9_-]{1,64})(?:\/([a-z-]+))?$/;

type Answer = (context: InteractionsContext, visit: Visit) => Promise<void>;

const PAGES = {
  login: showSignIn,
  select_account: showChooser,
  consent: showConsent,
} satisfies Record<Visit['interaction']['prompt'], Answer>;

export function interactionRoutes(context: InteractionsContext, interactions: Interactions): Middleware {
  const checkPassword = createPasswordCheck(context);
  const answers = {
    'sign-in': (_context, visit) => submitSignIn(context, visit, checkPassword),
    consent: submitConsent,
    keep: keepAccount,
    deny,
  } satisfies Record<Step, Answer>;

  return async function answerInteractions(ctx, next) {
    const { uid, step } = parsePath(ctx.path);
    if (uid === undefined) return next();
    refuseOtherMethods(ctx, step);
    // Somebody reloads the answer to a form, or follows it from their history: the form itself is what they want.
    if (step !== undefined && ctx.method !== 'POST') return seeOther(ctx, `/interaction/${uid}`);

    const interaction = await interactions.find(ctx);
    if (interaction?.uid !== uid) return showPage(context.views, ctx, 'expired', undefined, { status: 400 });
    const visit = { ctx, interaction, interactions };
    if (step !== undefined) return answers[step](context, visit);
    const wantsOther = ctx.query['account'] === 'other';
    return wantsOther ? showSignIn(context, visit) : PAGES[interaction.prompt](context, visit);
  };
}

function parsePath(path: string): { uid?: string; step?: Step } {
  const [, uid, word] = ROUTE.exec(path) ?? [];
  if (uid === undefined) return {};
  if (word === undefined) return { uid };
  const step = STEPS.find((step) => step === word);
  return step === undefined ? {} : { uid, step };
}

function refuseOtherMethods(ctx: Visit['ctx'], step: Step | undefined): void {
  const methods = step === undefined ? ['GET', 'HEAD'] : ['GET', 'HEAD', 'POST'];
  if (methods.includes(ctx.method)) return;
  ctx.set('Allow', methods.join(', '));
  throw httpError('method_not_allowed', `Use ${methods.join(' or ')} here.`);
}
