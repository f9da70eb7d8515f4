import type { AccountFrame, AccountPageName } from '../../views/locals/account.ts';
import type { PageLocals } from '../../views/pages.ts';
import { isTimeZone } from '../../views/moment.ts';
import { csrfToken } from '../http/csrf.ts';
import { showPage } from '../http/show-page.ts';
import { presentPerson } from '../interactions/present.ts';
import { takeNotice } from './notice.ts';
import type { AccountContext, AccountVisit } from './context.ts';

/** Templates that stand in the frame of the account pages. */
type FramedPage = {
  [Name in keyof PageLocals]: PageLocals[Name] extends { readonly frame: AccountFrame } ? Name : never;
}[keyof PageLocals];

/** `current` is the entry of the navigation that the template belongs to. */
export function showAccountPage<Name extends FramedPage>(
  context: AccountContext,
  visit: AccountVisit,
  name: Name,
  current: AccountPageName,
  page: Omit<PageLocals[Name], 'frame'>,
  { status }: { status?: number } = {},
): void {
  const locals = { ...page, frame: frameOf(context, visit, current) } as unknown as PageLocals[Name];
  showPage(context.views, visit.ctx, name, locals, status === undefined ? {} : { status });
}

function frameOf(
  { secrets, pageNames }: AccountContext,
  { ctx, account, session }: AccountVisit,
  current: AccountPageName,
): AccountFrame {
  const { zoneinfo = 'UTC' } = account.profile;
  return {
    current: { kind: current },
    pages: pageNames.map((kind) => ({ kind })),
    csrf: csrfToken(secrets, ctx, session.uid),
    person: presentPerson(account),
    timeZone: isTimeZone(zoneinfo) ? zoneinfo : 'UTC',
    notice: takeNotice(ctx),
  };
}
