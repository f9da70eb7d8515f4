/**
 * Where links in mails lead: `/registration`, `/password-reset`, `/email-change`. A GET shows a form and changes nothing, since
 * scanners of mail follow links; its POST uses the link up, once. The token is the only thing asked for: whoever holds it has
 * read the mailbox. None of them signs anybody in.
 */
import type { Context, Middleware } from 'koa';

import type { Interactions } from '../oidc/interactions.ts';
import type { InteractionsContext } from './context.ts';
import { showEmailConfirmed, showEmailLink, submitEmailLink } from './email-link.ts';
import { showPasswordLink, submitPasswordLink } from './password-link.ts';
import { showRegistrationLink, submitRegistrationLink } from './registration-link.ts';

export interface LinkVisit {
  readonly ctx: Context;
  readonly interactions: Interactions;
}

interface LinkPage {
  readonly get: (context: InteractionsContext, visit: LinkVisit) => Promise<void>;
  readonly post?: (context: InteractionsContext, visit: LinkVisit) => Promise<void>;
}

const PAGES: Readonly<Record<string, LinkPage>> = {
  '/registration': { get: showRegistrationLink, post: submitRegistrationLink },
  '/password-reset': { get: showPasswordLink, post: submitPasswordLink },
  '/email-change': { get: showEmailLink, post: submitEmailLink },
  '/email-change/done': { get: showEmailConfirmed },
};

export function linkRoutes(context: InteractionsContext, interactions: Interactions): Middleware {
  return async function answerLinks(ctx, next) {
    const page = Object.hasOwn(PAGES, ctx.path) ? PAGES[ctx.path] : undefined;
    if (!page) return next();
    const answer = ctx.method === 'POST' ? page.post : page.get;
    const isKnownMethod = ['GET', 'HEAD', 'POST'].includes(ctx.method);
    if (!answer || !isKnownMethod) return next();
    return answer(context, { ctx, interactions });
  };
}
