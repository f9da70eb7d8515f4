import type Koa from 'koa';
import { chooseLanguage } from '../../views/language.ts';
import type { PageLocals, PageName } from '../../views/pages.ts';
import type { Views } from '../../views/render.ts';
import { contentSecurityPolicy, redirectSource } from './content-security-policy.ts';
import { sendPage } from './page.ts';

export interface ShowPageOptions {
  status?: number;
  /** `ui_locales` of the request that led here, where it is not in this request's query. */
  uiLocales?: string | undefined;
  /** URIs that a form of the page may lead to in the end, beside this server. */
  formTargets?: readonly (string | undefined)[];
}

/** Answers with one of the pages of `views/`, in the reader's language. */
export function showPage<Name extends PageName>(
  views: Views,
  ctx: Koa.Context,
  name: Name,
  page: PageLocals[Name],
  { status, uiLocales = askedFor(ctx), formTargets = [] }: ShowPageOptions = {},
): void {
  const language = chooseLanguage(uiLocales, ctx.get('Accept-Language'));
  const formAction = formTargets.filter((uri) => uri !== undefined).map(redirectSource);
  ctx.vary('Accept-Language');
  ctx.set('Content-Language', language);
  sendPage(ctx, views.render(name, page, language), {
    csp: contentSecurityPolicy({ formAction: [...new Set(formAction)] }),
    ...(status === undefined ? {} : { status }),
  });
}

/** The library's own pages carry `ui_locales` in their query. */
function askedFor(ctx: Koa.Context): string | undefined {
  const { ui_locales: asked } = ctx.query;
  return typeof asked === 'string' ? asked : undefined;
}
