/**
 * How much an event looks like an attack, and why: each reason is a fact that the code knows when it records the event, with
 * a score of its own. Whoever raises alarms chooses a score from which on they want to hear of it.
 */
export interface Risk {
  /** 0 to 100. */
  readonly score: number;
  readonly reasons: readonly RiskReason[];
}

/** Alone: below 30 it happens to honest people every day, from 50 on somebody should look, from 80 on something was stolen. */
const SCORES = {
  /** Signed in, and never before in this browser. */
  'new-device': 15,
  /** Signed in, and never before from this network. */
  'new-network': 15,
  'wrong-password': 10,
  /** A second factor was wrong: whoever tried has the first one. */
  'wrong-second-factor': 30,
  /** So many guesses at one account that it was closed for a while. */
  guessing: 60,
  /** So many failures at many accounts from one address or network that it was closed: stolen passwords are tried out. */
  stuffing: 70,
  'client-authentication-failed': 20,
  'recovery-code-used': 30,
  /** More requests than were allowed; often a loop in somebody's program. */
  'over-limit': 30,
  'second-factor-removed': 40,
  /** Headers that only a proxy of ours may send, from somebody else: an address or an identity is being made up. */
  'spoofed-headers': 40,
  /** A DPoP proof or a client assertion was presented twice (RFC 9449 §11.1, RFC 7523 §3). */
  'proof-replay': 60,
  /** RFC 6749 §4.1.2: a code was presented twice. */
  'code-replay': 80,
  /** RFC 9700 §4.14.2: two have the same refresh token. */
  'refresh-reuse': 90,
} as const satisfies Record<string, number>;

export type RiskReason = keyof typeof SCORES;

export const RISK_REASONS = Object.keys(SCORES) as readonly RiskReason[];

/** Undefined without a reason. Several count as independent hints: two of 40 make 64. */
export function riskOf(reasons: readonly RiskReason[]): Risk | undefined {
  if (reasons.length === 0) return undefined;
  const distinct = [...new Set(reasons)];
  const doubt = distinct.reduce((left, reason) => left * (1 - SCORES[reason] / 100), 1);
  return { score: Math.round(100 * (1 - doubt)), reasons: distinct };
}
