/**
 * The door for people who look after the server: `/console`. It owns what is on each screen and how a form becomes a request, and
 * no rule of what may be done: every list and every change is an operation of the admin API (`admin/`), performed with the scopes
 * that the operator's roles carry, so the console can do nothing that a program could not. Signing in is not done here either: the
 * console is a client of this server that takes a second factor (clients/built-in.ts). Server-rendered, without scripts.
 * ASVS 5.0 V7.5 (who changes what cannot be undone has just proved who they are), V8.2 (what is not allowed is not shown).
 *
 * To add a screen: one file here that exports a `Screen`, one line in screens.ts, one `views/console-NAME.eta`, its locals in
 * `views/locals/console.ts` and its samples in `views/samples/console.ts`.
 */
import type { Context, Middleware } from 'koa';

import { CONSOLE_CALLBACK_PATH } from '../clients/built-in.ts';
import { AppError } from '../errors.ts';
import { checkCsrf } from '../http/csrf.ts';
import { httpError } from '../http/errors.ts';
import { stateOf } from '../http/middleware.ts';
import { showPage } from '../http/show-page.ts';
import { fieldsOf } from '../interactions/fields.ts';
import { presentPerson } from '../interactions/present.ts';
import { seeOther } from '../interactions/see-other.ts';
import { endSession } from '../revocation/end-sessions.ts';
import type { Action, ConsoleContext, Screen, Visit } from './context.ts';
import { leaveNotice } from './notice.ts';
import { findOperator } from './operator.ts';
import { SCREENS } from './screens.ts';
import { SETUP_PATH } from './setup-link.ts';
import { answerSetup } from './setup.ts';
import { lackOf, returnPath, signInUrl } from './sign-in.ts';

const CONSOLE_PATH = '/console';
const SIGN_OUT_PATH = '/console/sign-out';
/** The library's page for people who have signed out. */
const SIGNED_OUT_PATH = '/session/end/success';

const ROUTES = SCREENS.map((screen) => ({ screen, pattern: patternOf(screen.path) }));

interface Target {
  readonly screen: Screen;
  readonly id: string;
  readonly action: Action | undefined;
  /** Of the screen itself. */
  readonly path: string;
}

export function consoleRoutes(services: Omit<ConsoleContext, 'screens'>): Middleware {
  const context: ConsoleContext = { ...services, screens: SCREENS };
  return async function answerConsole(ctx, next) {
    if (ctx.path === SETUP_PATH) return answerSetup(context, ctx);
    if (ctx.path !== CONSOLE_PATH && !ctx.path.startsWith(`${CONSOLE_PATH}/`)) return next();
    if (ctx.path === CONSOLE_CALLBACK_PATH) return comeBack(context, ctx);
    if (ctx.path === SIGN_OUT_PATH) return signOut(context, ctx);
    const target = findTarget(ctx);
    return target ? answer(context, ctx, target) : next();
  };
}

async function answer(context: ConsoleContext, ctx: Context, target: Target): Promise<void> {
  const { screen, action, id, path } = target;
  allowOnly(ctx, ['GET', 'HEAD', 'POST']);
  const isForm = ctx.method === 'POST';
  if (isForm && !action) throw httpError('method_not_allowed', 'Use GET here.');
  // Somebody reloads the answer to a form, or follows it from their history: the screen itself is what they want.
  if (!isForm && ctx.path !== path) return seeOther(ctx, path);

  const signedIn = await context.sessions.find(ctx);
  if (!signedIn) return seeOther(ctx, signInUrl(context, path, 'session'));
  if (isForm) checkCsrf(context.secrets, ctx, signedIn.session.uid);
  const found = await findOperator(context, signedIn.account);
  if (!found) return deny(context, ctx, signedIn.account);
  const operator = { ...found, address: stateOf(ctx).address };
  const lack = lackOf(context, signedIn.session, { fresh: isForm && isFreshOnly(action) });
  if (lack) return seeOther(ctx, signInUrl(context, path, lack));
  if (!operator.scopes.has(screen.scope)) return leadElsewhere(ctx, operator.scopes, screen);

  ctx.set('Cache-Control', 'no-store');
  const fields = isForm ? fieldsOf(ctx) : {};
  const visit: Visit = { ctx, operator, ...signedIn, screen, id, fields, refusal: undefined };
  return action && isForm ? change(context, visit, action) : screen.get(context, visit);
}

async function change(context: ConsoleContext, visit: Visit, action: Action): Promise<void> {
  try {
    if ('look' in action) return await action.look(context, visit);
    const done = await action.run(context, visit);
    leaveNotice(context, visit.ctx, done.notice);
    return seeOther(visit.ctx, `${CONSOLE_PATH}${done.to}`);
  } catch (error) {
    const isForTheirEyes = error instanceof AppError && error.status < 500;
    if (!isForTheirEyes) throw error;
    return visit.screen.get(context, { ...visit, refusal: error });
  }
}

function isFreshOnly(action: Action | undefined): boolean {
  return action !== undefined && 'fresh' in action;
}

/** A POST names a screen and one of its actions; a GET a screen, or where a form was posted to. */
function findTarget(ctx: Context): Target | undefined {
  const path = ctx.path.slice(CONSOLE_PATH.length);
  const whole = ctx.method === 'POST' ? undefined : findScreen(path);
  if (whole) return { ...whole, action: undefined, path: ctx.path };
  const [, parent = '', name = ''] = /^(.*)\/([a-z-]+)$/.exec(path) ?? [];
  const found = findScreen(parent);
  const actions = found?.screen.actions ?? {};
  if (!found || !Object.hasOwn(actions, name)) return undefined;
  return { ...found, action: actions[name], path: `${CONSOLE_PATH}${parent}` };
}

function findScreen(path: string): { screen: Screen; id: string } | undefined {
  for (const { screen, pattern } of ROUTES) {
    const found = pattern.exec(path);
    if (found) return { screen, id: found.groups?.['id'] ?? '' };
  }
  return undefined;
}

/** The overview is where everybody arrives, also those who may not see it. */
function leadElsewhere(ctx: Context, scopes: ReadonlySet<string>, screen: Screen): void {
  const first = SCREENS.find(({ entry, scope }) => entry && scopes.has(scope));
  if (screen.path === '' && first) return seeOther(ctx, `${CONSOLE_PATH}${first.path}`);
  throw new AppError('insufficient_scope', `None of your roles carries ${screen.scope}.`, { status: 403 });
}

function deny({ views }: ConsoleContext, ctx: Context, account: Visit['account']): void {
  ctx.set('Cache-Control', 'no-store');
  const { identifier } = presentPerson(account);
  showPage(views, ctx, 'console-denied', { identifier }, { status: 403, uiLocales: 'en' });
}

/** The end of a sign-in. Its code is for nobody: whether somebody is signed in now is what the screen finds out. */
function comeBack({ views }: ConsoleContext, ctx: Context): void {
  allowOnly(ctx, ['GET', 'HEAD']);
  const { state, error } = ctx.query;
  const path = returnPath(state);
  if (error !== undefined) return showPage(views, ctx, 'console-stopped', { path }, { uiLocales: 'en' });
  return seeOther(ctx, path);
}

async function signOut(context: ConsoleContext, ctx: Context): Promise<void> {
  allowOnly(ctx, ['GET', 'HEAD', 'POST']);
  if (ctx.method !== 'POST') return seeOther(ctx, CONSOLE_PATH);
  const signedIn = await context.sessions.find(ctx);
  if (!signedIn) return seeOther(ctx, SIGNED_OUT_PATH);
  const { account, session } = signedIn;
  checkCsrf(context.secrets, ctx, session.uid);
  const { requestId, address } = stateOf(ctx);
  const hand = { actor: `account:${account.id}`, requestId, address };
  await endSession(context, { accountId: account.id, session: session.uid }, hand);
  context.sessions.forget(ctx);
  return seeOther(ctx, SIGNED_OUT_PATH);
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/:(\w+)/g, '(?<$1>[A-Za-z0-9._~-]{1,255})')}$`);
}

function allowOnly(ctx: Context, methods: readonly string[]): void {
  if (methods.includes(ctx.method)) return;
  ctx.set('Allow', methods.join(', '));
  throw httpError('method_not_allowed', `Use ${methods.join(' or ')} here.`);
}
