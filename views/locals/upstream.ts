import type { AccountFrame } from './account.ts';
import type { ClientCard, Person } from './core.ts';

/** Signing in with somebody else's identity provider, and connecting what they say to an account of ours. */
export interface UpstreamPages {
  readonly 'upstream-passing': PassingLocals;
  readonly 'upstream-connect': ConnectLocals;
  readonly 'account-identities': IdentitiesLocals;
}

/** A button of the sign-in page. `slug` is the last part of its form's address. */
export interface UpstreamOffer {
  readonly slug: string;
  readonly name: string;
}

export interface ConnectingIdentity {
  readonly provider: string;
  /** How they are called there, where that is known. */
  readonly label: string | undefined;
  /** An account here has their address. */
  readonly collides: boolean;
}

/** What kept somebody from coming through a provider; `name` is the provider's, where it is known. */
export interface UpstreamProblem {
  readonly kind: 'upstream';
  readonly reason: UpstreamProblemReason;
  readonly name: string;
}

export type UpstreamProblemReason =
  'refused' | 'away' | 'wrong' | 'stale' | 'unfinished' | 'used' | 'gone' | 'disabled' | 'taken';

/** On the way between us and a provider: the browser goes on by itself, and there is a link for one that does not. */
interface PassingLocals {
  /** undefined: on the way back. */
  readonly provider: string | undefined;
  readonly url: string;
}

interface ConnectLocals {
  readonly uid: string;
  readonly csrf: string;
  readonly client: ClientCard;
  readonly destination: string | undefined;
  readonly person: Person;
  readonly provider: string;
  readonly label: string | undefined;
}

interface IdentitiesLocals {
  readonly frame: AccountFrame;
  readonly identities: readonly {
    readonly id: string;
    readonly provider: string;
    readonly label: string | undefined;
    readonly linkedAt: Date;
    readonly lastUsedAt: Date | undefined;
    readonly isDisabled: boolean;
  }[];
  /** Providers that can be connected. */
  readonly offers: readonly UpstreamOffer[];
  /** Proved a moment ago, and waiting for a yes. */
  readonly waiting: { readonly provider: string; readonly label: string | undefined } | undefined;
  readonly problem:
    { readonly reason: UpstreamProblemReason | 'lastWayIn'; readonly name: string } | undefined;
}
