import type { Context } from 'koa';

import type { ConsoleNotice } from '../../views/locals/console.ts';
import type { Views } from '../../views/render.ts';
import type { Account } from '../accounts/account.ts';
import type { AdminContext } from '../admin/context.ts';
import type { Operator } from '../admin/operation.ts';
import type { AdminScope } from '../admin/scopes.ts';
import type { AppError } from '../errors.ts';
import type { CurrentSession, CurrentSessions } from '../oidc/current-session.ts';

/** What this door needs of the house. */
export interface ConsoleContext extends AdminContext {
  readonly sessions: CurrentSessions;
  readonly views: Views;
  /** All there are, in the order of the navigation. */
  readonly screens: readonly Screen[];
}

/** One request of an operator who is signed in. */
export interface Visit {
  readonly ctx: Context;
  readonly operator: Operator;
  readonly account: Account;
  readonly session: CurrentSession;
  readonly screen: Screen;
  /** The path's last part, on screens of one thing. Anybody may have written it. */
  readonly id: string;
  /** What was posted; empty on a GET. */
  readonly fields: Readonly<Record<string, string>>;
  /** Why the form that was posted came back. */
  readonly refusal: AppError | undefined;
}

export type Answer = (context: ConsoleContext, visit: Visit) => Promise<void>;

export type Action =
  | {
      readonly run: (context: ConsoleContext, visit: Visit) => Promise<Done>;
      /** Only with a fresh sign-in; with an older one the operator signs in again and is back at the screen. */
      readonly fresh?: true;
    }
  /** It changes nothing, and what was posted is too secret or too long for an address: the answer is the screen itself. */
  | { readonly look: Answer };

/** What an action leaves: where to go on, and what to say there. */
export interface Done {
  /** Below `/console`. */
  readonly to: string;
  readonly notice: ConsoleNotice;
}

export const GROUPS = ['Overview', 'Applications', 'People', 'Tokens', 'Security', 'Settings'] as const;

export interface Screen {
  /** Below `/console`; it may end in `/:id`. */
  readonly path: string;
  /** What it takes to look at it. What a change takes is the operation's business. */
  readonly scope: AdminScope;
  /** An entry of the navigation. */
  readonly entry?: { readonly group: (typeof GROUPS)[number]; readonly label: string };
  /** Path of the entry that it belongs to, where it is none itself. */
  readonly within?: string;
  readonly get: Answer;
  /**
   * POST to the screen's path and `/name`. Session, csrf token and freshness are checked before one runs. What it throws for the
   * operator's eyes (4xx) brings the screen back with the refusal and what was typed.
   */
  readonly actions?: Readonly<Record<string, Action>>;
}
