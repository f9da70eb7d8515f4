/**
 * The door for people who look after their own account. It owns what is on the pages of `/account` and what each of their
 * buttons does. Signing in is not done here: these pages are a client of this server like any other (clients/built-in.ts), so
 * that every rule of signing in holds for them. ASVS 5.0 V7.4 and V7.5 (people see and end their sessions, and prove
 * themselves anew for what matters), V10.7.3 (they see and withdraw what they allowed).
 */
import type { Context, Middleware } from 'koa';

import type { AccountPageName } from '../../views/locals/account.ts';
import { ACCOUNT_CALLBACK_PATH } from '../clients/built-in.ts';
import { checkCsrf } from '../http/csrf.ts';
import { httpError } from '../http/errors.ts';
import { showPage } from '../http/show-page.ts';
import { seeOther } from '../interactions/see-other.ts';
import type { AccountAction, AccountContext, AccountPage } from './context.ts';
import { PAGES } from './pages.ts';
import { pathOfPage } from './paths.ts';
import { endAndLeave, SIGNED_OUT_PATH } from './sign-out.ts';
import { lackOf, signInUrl } from './sign-in-again.ts';

const SIGN_OUT_PATH = '/account/sign-out';

const ROUTE = /^\/account(?:\/([a-z-]+)(?:\/([a-z-]+)(?:\/([A-Za-z0-9._~-]{1,100}))?)?)?$/;

/** What a path of ours names. */
interface Target {
  readonly name: AccountPageName;
  readonly page: AccountPage;
  readonly action: AccountAction | undefined;
  readonly item: string | undefined;
}

export function accountRoutes(services: Omit<AccountContext, 'pageNames'>): Middleware {
  const context: AccountContext = { ...services, pageNames: Object.keys(PAGES).filter(isPageName) };

  return async function answerAccount(ctx, next) {
    if (ctx.path === ACCOUNT_CALLBACK_PATH) return comeBack(context, ctx);
    if (ctx.path === SIGN_OUT_PATH) return signOut(context, ctx);
    const target = findTarget(ctx.path);
    return target ? answer(context, ctx, target) : next();
  };
}

function findTarget(path: string): Target | undefined {
  const [matched, segment, verb, item] = ROUTE.exec(path) ?? [];
  // One page, one address: the overview has the short one.
  if (matched === undefined || segment === 'overview') return undefined;
  const name = segment ?? 'overview';
  const page = isPageName(name) ? PAGES[name] : undefined;
  if (!page || !isPageName(name)) return undefined;
  if (verb === undefined) return { name, page, action: undefined, item };
  const action = Object.hasOwn(page.actions ?? {}, verb) ? page.actions?.[verb] : undefined;
  const isComplete = (item !== undefined) === (action?.hasItem === true);
  return action && isComplete ? { name, page, action, item } : undefined;
}

async function answer(context: AccountContext, ctx: Context, target: Target): Promise<void> {
  const { name, page, action, item } = target;
  const isForm = action !== undefined && action.byGet !== true;
  allowOnly(ctx, isForm ? ['GET', 'HEAD', 'POST'] : ['GET', 'HEAD']);
  // Somebody reloads the answer to a form, or follows it from their history: the page itself is what they want.
  if (isForm && ctx.method !== 'POST') return seeOther(ctx, pathOfPage(name));

  const signedIn = await context.sessions.find(ctx);
  if (!signedIn) return seeOther(ctx, signInUrl(context, name, 'session'));
  if (isForm) checkCsrf(context.secrets, ctx, signedIn.session.uid);
  const needsFresh = action ? action.fresh : page.fresh;
  const lack = needsFresh ? await lackOf(context, signedIn.session) : undefined;
  if (lack) return seeOther(ctx, signInUrl(context, name, lack));
  const run = action ? action.run : page.get;
  return run(context, { ctx, ...signedIn, item });
}

/** The end of a sign-in. Its code is for nobody: whether somebody is signed in now is what the page finds out. */
function comeBack({ views }: AccountContext, ctx: Context): void {
  allowOnly(ctx, ['GET', 'HEAD']);
  const { state, error } = ctx.query;
  const name = typeof state === 'string' && isPageName(state) ? state : 'overview';
  if (error !== undefined) return showPage(views, ctx, 'account-stopped', { page: { kind: name } });
  return seeOther(ctx, pathOfPage(name));
}

async function signOut(context: AccountContext, ctx: Context): Promise<void> {
  allowOnly(ctx, ['GET', 'HEAD', 'POST']);
  if (ctx.method !== 'POST') return seeOther(ctx, pathOfPage('overview'));
  const signedIn = await context.sessions.find(ctx);
  if (!signedIn) return seeOther(ctx, SIGNED_OUT_PATH);
  checkCsrf(context.secrets, ctx, signedIn.session.uid);
  return endAndLeave(context, { ctx, ...signedIn, item: undefined });
}

function isPageName(name: string): name is AccountPageName {
  return Object.hasOwn(PAGES, name);
}

function allowOnly(ctx: Context, methods: readonly string[]): void {
  if (methods.includes(ctx.method)) return;
  ctx.set('Allow', methods.join(', '));
  throw httpError('method_not_allowed', `Use ${methods.join(' or ')} here.`);
}
