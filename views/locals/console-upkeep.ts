import type { Party } from './console-security.ts';
import type { ConsoleFrame, Equivalent, Pager } from './console.ts';

/** What looks after the server itself: its report, its settings, who hears of its events. */
export interface ConsoleUpkeepPages {
  readonly 'console-report': ReportLocals;
  readonly 'console-settings': SettingsLocals;
  readonly 'console-webhooks': WebhooksLocals;
}

type Severity = 'high' | 'medium' | 'low' | 'info';

interface ReportLocals {
  readonly frame: ConsoleFrame;
  /** undefined: none was made yet. */
  readonly report: ShownReport | undefined;
  readonly reports: readonly {
    readonly id: string;
    readonly at: Date;
    readonly by: Party;
    readonly grade: string;
    readonly summary: string;
    readonly isShown: boolean;
  }[];
  readonly pager: Pager;
  readonly equivalent: Equivalent;
  readonly mayWrite: boolean;
}

export interface ShownReport {
  readonly id: string;
  readonly at: Date;
  readonly grade: string;
  readonly summary: string;
  readonly looked: string;
  /** The worst first; none is empty. */
  readonly groups: readonly {
    readonly severity: Severity;
    readonly findings: readonly {
      readonly rule: string;
      readonly about: string;
      readonly path: string | undefined;
      readonly title: string;
      readonly what: string;
      readonly remedy: string;
      readonly references: readonly string[];
    }[];
  }[];
  readonly clients: readonly {
    readonly id: string;
    readonly name: string;
    readonly grade: string;
    readonly findings: number;
  }[];
  /** Of ISO/IEC 27001:2022 Annex A. */
  readonly controls: readonly {
    readonly control: string;
    readonly name: string;
    readonly rules: readonly string[];
    readonly failed: readonly string[];
  }[];
}

interface SettingsLocals {
  readonly frame: ConsoleFrame;
  readonly issuer: string;
  readonly settings: readonly {
    readonly name: string;
    readonly description: string;
    readonly isSecret: boolean;
    readonly isSet: boolean;
    /** undefined: unset, or a secret. */
    readonly value: string | undefined;
    readonly whenUnset: string;
  }[];
  readonly equivalent: Equivalent;
}

interface WebhooksLocals {
  readonly frame: ConsoleFrame;
  readonly webhooks: readonly {
    readonly id: string;
    readonly name: string;
    readonly url: string;
    readonly format: string;
    readonly types: readonly string[];
    readonly minRisk: number;
    readonly deliveredAt: Date | undefined;
    /** In a row. */
    readonly failures: number;
    readonly lastError: string | undefined;
    readonly nextAttemptAt: Date;
    readonly isDisabled: boolean;
  }[];
  readonly pager: Pager;
  readonly values: Readonly<Record<string, string>>;
  readonly formats: readonly string[];
  readonly equivalent: Equivalent;
  readonly mayWrite: boolean;
}
