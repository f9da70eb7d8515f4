/**
 * The security report: every client, API and the server itself held against the rules of RFC 9700 (security BCP), OAuth 2.1,
 * FAPI 2.0 (Security Profile) and ASVS 5.0, each with an id that stays. This room above the others reads what they hold and changes nothing
 * but its own table, where dated reports are kept as evidence (ISO/IEC 27001:2022, Annex A). A rule is pure: it looks at facts.ts and
 * says what it found. What this server does not let happen at all (code without PKCE, wildcard redirects, implicit flow …) needs no rule.
 */
import type { ApiFacts, ClientFacts, Facts } from './facts.ts';

export const SEVERITIES = ['info', 'low', 'medium', 'high'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Whose wish a rule is. FAPI 2.0 asks more than the others, so that its findings alone weigh little. */
export interface Rule<Subject> {
  /** `CL-01`: never given to another rule. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  /** Sections, as they are cited. */
  readonly references: readonly string[];
  /** Controls of ISO/IEC 27001:2022 Annex A that this is evidence for. */
  readonly annexA: readonly string[];
  readonly remedy: string;
  /** What is wrong with the subject, in a sentence; undefined: nothing. null: the rule does not speak of such a subject. */
  check(subject: Subject, facts: Facts): string | undefined | null;
}

export type ClientRule = Rule<ClientFacts>;
export type ApiRule = Rule<ApiFacts>;
export type ServerRule = Rule<Facts>;

/** A part of a report, and so JSON. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  /** `server`, `client:ID`, `api:AUDIENCE`. */
  readonly subject: string;
  readonly title: string;
  readonly what: string;
  readonly remedy: string;
  readonly references: readonly string[];
  readonly annex_a: readonly string[];
}

export function isAtLeast(severity: Severity, threshold: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(threshold);
}

/** What was found, each by name; undefined: nothing. */
export function listed(items: readonly string[], what: string): string | undefined {
  return items.length === 0 ? undefined : `${what}: ${items.join(', ')}`;
}
