import type { Finding, Severity } from './rule.ts';

/** What was found on one day. It is kept as it is, so every member is JSON. */
export interface Report {
  readonly id: string;
  readonly made_at: string;
  readonly made_by: string;
  readonly issuer: string;
  readonly mode: string;
  readonly grade: Grade;
  readonly summary: Readonly<Record<Severity, number>>;
  readonly clients: readonly Graded[];
  readonly findings: readonly Finding[];
  /** Every rule that was looked at, and how many subjects passed it. */
  readonly rules: readonly RuleResult[];
  /** Controls of ISO/IEC 27001:2022 Annex A, and whether what was looked at for them was in order. */
  readonly controls: readonly ControlResult[];
}

export interface Graded {
  readonly client_id: string;
  readonly name: string;
  readonly grade: Grade;
  readonly findings: number;
}

export interface RuleResult {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly references: readonly string[];
  readonly passed: number;
  readonly failed: number;
}

export interface ControlResult {
  readonly control: string;
  readonly name: string;
  readonly rules: readonly string[];
  readonly failed: readonly string[];
}

export const GRADES = ['A', 'B', 'C', 'D', 'F'] as const;
export type Grade = (typeof GRADES)[number];

/** By the worst of the findings; what is only worth knowing costs nothing. */
export function gradeOf(severities: readonly Severity[]): Grade {
  const high = severities.filter((severity) => severity === 'high').length;
  if (high > 0) return high > 1 ? 'F' : 'D';
  const medium = severities.filter((severity) => severity === 'medium').length;
  if (medium > 0) return 'C';
  return severities.filter((severity) => severity === 'low').length > 1 ? 'B' : 'A';
}

/** ISO/IEC 27001:2022 Annex A, as far as an authorization server is evidence for it. */
export const ANNEX_A: Readonly<Record<string, string>> = {
  '5.14': 'Information transfer',
  '5.15': 'Access control',
  '5.16': 'Identity management',
  '5.17': 'Authentication information',
  '5.18': 'Access rights',
  '8.2': 'Privileged access rights',
  '8.3': 'Information access restriction',
  '8.5': 'Secure authentication',
  '8.9': 'Configuration management',
  '8.15': 'Logging',
  '8.16': 'Monitoring activities',
  '8.20': 'Networks security',
  '8.22': 'Segregation of networks',
  '8.24': 'Use of cryptography',
  '8.26': 'Application security requirements',
  '8.31': 'Separation of development, test and production environments',
};
