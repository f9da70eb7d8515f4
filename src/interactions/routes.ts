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
import type { Answer, InteractionsContext, Step, Steps, Visit } from './context.ts';
import { createPasswordCheck } from './check-password.ts';
import { enrolmentSteps } from './enrol.ts';
import { showLogin } from './log-in.ts';
import { passkeySteps } from './passkey.ts';
import { secondFactorSteps } from './second-factor.ts';
import { registrationSteps } from './register.ts';
import { requiredPasswordSteps } from './required-password.ts';
import { resetSteps } from './reset.ts';
import { seeOther } from './see-other.ts';
import { showSignIn } from './sign-in-page.ts';
import { submitSignIn } from './submit-sign-in.ts';
import { UPSTREAM_STEPS } from './upstream-steps.ts';

const ROUTE = /^\/interaction\/([A-Za-z0-9_-]{1,64})(?:\/([a-z-]+)(?:\/([A-Za-z0-9_.-]{1,64}))?)?$/;

const PAGES = {
  login: showLogin,
  select_account: showChooser,
  consent: showConsent,
} satisfies Record<Visit['interaction']['prompt'], Answer>;

export function interactionRoutes(context: InteractionsContext, interactions: Interactions): Middleware {
  const steps = allSteps(context);

  return async function answerInteractions(ctx, next) {
    const [, uid, word, item] = ROUTE.exec(ctx.path) ?? [];
    if (uid === undefined) return next();
    const step = word === undefined ? undefined : steps[word];
    if (word !== undefined && (!step || (item !== undefined) !== (step.hasItem === true))) return next();
    refuseOtherMethods(ctx, step);
    // Somebody reloads the answer to a form, or follows it from their history: the form itself is what they want.
    if (step && !step.get && ctx.method !== 'POST') return seeOther(ctx, `/interaction/${uid}`);

    const interaction = await interactions.find(ctx);
    if (interaction?.uid !== uid) return showPage(context.views, ctx, 'expired', undefined, { status: 400 });
    const visit = { ctx, interaction, interactions, item };
    const answer = ctx.method === 'POST' ? step?.post : step?.get;
    if (answer) return answer(context, visit);
    const wantsOther = ctx.query['account'] === 'other';
    return wantsOther ? showSignIn(context, visit) : PAGES[interaction.prompt](context, visit);
  };
}

/** Null prototype: a path may be named like anything. */
function allSteps(context: InteractionsContext): Record<string, Step | undefined> {
  const checkPassword = createPasswordCheck(context);
  return Object.assign(Object.create(null), {
    'sign-in': { post: (_context, visit) => submitSignIn(context, visit, checkPassword) },
    consent: { post: submitConsent },
    keep: { post: keepAccount },
    deny: { post: deny },
    ...passkeySteps,
    ...secondFactorSteps,
    ...enrolmentSteps,
    ...requiredPasswordSteps,
    ...registrationSteps(context),
    ...resetSteps(context),
    ...UPSTREAM_STEPS,
  } satisfies Steps);
}

function refuseOtherMethods(ctx: Visit['ctx'], step: Step | undefined): void {
  const methods = step?.post ? ['GET', 'HEAD', 'POST'] : ['GET', 'HEAD'];
  if (methods.includes(ctx.method)) return;
  ctx.set('Allow', methods.join(', '));
  throw httpError('method_not_allowed', `Use ${methods.join(' or ')} here.`);
}
