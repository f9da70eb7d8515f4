import type { ConsoleFrame } from '../../views/locals/console.ts';
import { isTimeZone } from '../../views/moment.ts';
import type { PageLocals } from '../../views/pages.ts';
import { csrfToken } from '../http/csrf.ts';
import { showPage } from '../http/show-page.ts';
import { presentPerson } from '../interactions/present.ts';
import { GROUPS, type ConsoleContext, type Screen, type Visit } from './context.ts';
import { takeNotice } from './notice.ts';

/** Templates that stand in the frame of the console. */
type FramedPage = {
  [Name in keyof PageLocals]: PageLocals[Name] extends { readonly frame: ConsoleFrame } ? Name : never;
}[keyof PageLocals];

/** Answers with a screen. The console speaks English, as the command line and the admin API do. */
export function show<Name extends FramedPage>(
  context: ConsoleContext,
  visit: Visit,
  name: Name,
  page: Omit<PageLocals[Name], 'frame'>,
): void {
  const locals = { ...page, frame: frameOf(context, visit) } as unknown as PageLocals[Name];
  showPage(context.views, visit.ctx, name, locals, {
    uiLocales: 'en',
    ...(visit.refusal ? { status: visit.refusal.status } : {}),
  });
}

function frameOf(context: ConsoleContext, visit: Visit): ConsoleFrame {
  const { ctx, account, session, refusal } = visit;
  const { zoneinfo = 'UTC' } = account.profile;
  return {
    groups: navigationFor(context, visit),
    csrf: csrfToken(context.secrets, ctx, session.uid),
    person: presentPerson(account),
    timeZone: isTimeZone(zoneinfo) ? zoneinfo : 'UTC',
    notice: takeNotice(context, ctx),
    refusal: refusal && { message: refusal.message, code: refusal.code },
  };
}

/** What the operator may look at, and nothing else. */
function navigationFor({ screens }: ConsoleContext, { operator, screen }: Visit): ConsoleFrame['groups'] {
  const here = screen.within ?? screen.path;
  return GROUPS.map((group) => ({
    label: group,
    entries: screens
      .filter(isEntryOf(group))
      .filter(({ scope }) => operator.scopes.has(scope))
      .map(({ path, entry }) => ({
        label: entry.label,
        path: `/console${path}`,
        isCurrent: path === here,
      })),
  })).filter(({ entries }) => entries.length > 0);
}

function isEntryOf(group: string) {
  return (screen: Screen): screen is Screen & { entry: NonNullable<Screen['entry']> } =>
    screen.entry?.group === group;
}
