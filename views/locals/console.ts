import type { ConsoleAccessPages } from './console-access.ts';
import type { ConsoleApplicationPages } from './console-applications.ts';
import type { ConsolePeoplePages } from './console-people.ts';
import type { ConsoleSecurityPages } from './console-security.ts';
import type { ConsoleTokenPages } from './console-tokens.ts';
import type { ConsoleUpkeepPages } from './console-upkeep.ts';
import type { Person } from './core.ts';
import type { NewPasswordProblem } from './registration.ts';

/**
 * The screens of /console. Their words stand in their templates: operators read English, as the command line and the admin API
 * speak it, and so these pages are rendered in English alone. Times are dates here; everything else is as documents have it.
 */
export interface ConsolePages
  extends
    ConsoleApplicationPages,
    ConsolePeoplePages,
    ConsoleTokenPages,
    ConsoleSecurityPages,
    ConsoleAccessPages,
    ConsoleUpkeepPages {
  readonly 'console-overview': OverviewLocals;
  /** Signed in, but no administrator. */
  readonly 'console-denied': { readonly identifier: string };
  /** A sign-in for the console that came to nothing. */
  readonly 'console-stopped': { readonly path: string };
  readonly 'console-setup': SetupLocals;
  readonly 'console-setup-dead': undefined;
}

/** What is around every screen. */
export interface ConsoleFrame {
  readonly groups: readonly {
    readonly label: string;
    readonly entries: readonly {
      readonly label: string;
      readonly path: string;
      readonly isCurrent: boolean;
    }[];
  }[];
  readonly csrf: string;
  readonly person: Person;
  /** The operator's own, or UTC. */
  readonly timeZone: string;
  /** What has just been done, told once. */
  readonly notice: ConsoleNotice | undefined;
  /** Why the form came back. */
  readonly refusal: { readonly message: string; readonly code: string } | undefined;
}

export interface ConsoleNotice extends Partial<Equivalent> {
  readonly message: string;
  /** Shown this once. */
  readonly secret?: { readonly label: string; readonly value: string } | undefined;
}

/** The same change by other means. */
export interface Equivalent {
  /** A line for the shell. */
  readonly command?: string | undefined;
  /** For the configuration file, YAML. */
  readonly configuration?: string | undefined;
}

export interface Pager {
  /** Address of the first page, where this is not it. */
  readonly first: string | undefined;
  readonly next: string | undefined;
}

export interface Search {
  readonly action: string;
  readonly text: string;
  readonly label: string;
}

/** A field of a form that differs from what is stored meanwhile. */
export interface Difference {
  readonly field: string;
  readonly yours: string;
  readonly stored: string;
}

/** A form for one thing: what stands in its fields, and what it was read as. */
export interface Form {
  readonly values: Readonly<Record<string, string>>;
  readonly etag: string;
  /** Somebody changed it meanwhile. */
  readonly differences: readonly Difference[];
}

interface OverviewLocals {
  readonly frame: ConsoleFrame;
  readonly totals: readonly {
    readonly label: string;
    readonly figure: string;
    readonly path: string | undefined;
  }[];
  readonly plots: readonly Plot[];
  readonly keys: readonly {
    readonly kid: string;
    readonly alg: string;
    readonly state: string;
    readonly days: number;
    readonly isOld: boolean;
  }[];
  readonly checks: readonly { readonly label: string; readonly isFine: boolean; readonly detail: string }[];
}

export interface Plot {
  readonly title: string;
  /** What it adds up to, in words. */
  readonly summary: string;
  readonly unit: string;
  readonly series: readonly { readonly label: string; readonly tone: 'main' | 'bad' }[];
  /** Oldest first; `values` stand in the order of the series. */
  readonly points: readonly { readonly label: string; readonly values: readonly number[] }[];
}

export type SetupProblem = NewPasswordProblem | 'stale' | 'name' | 'email' | 'taken';

interface SetupLocals {
  readonly csrf: string;
  readonly token: string;
  readonly name: string;
  readonly email: string;
  /** Characters. */
  readonly lengthMin: number;
  readonly problem: SetupProblem | undefined;
}
