import type { ConnectingIdentity, UpstreamOffer, UpstreamProblem } from './upstream.ts';

/** Pages of signing in, choosing, allowing, connecting a device, signing out, and what went wrong. */
export interface CorePages {
  readonly 'sign-in': SignInLocals;
  readonly 'choose-account': ChooserLocals;
  readonly consent: ConsentLocals;
  readonly 'device-code': DeviceCodeLocals;
  readonly 'device-confirm': {
    readonly action: string;
    readonly xsrf: string;
    readonly client: string;
    readonly userCode: string;
  };
  readonly 'device-done': { readonly client: string };
  readonly 'sign-out': SignOutLocals;
  /** With a client: the person left that one only and is still signed in. */
  readonly 'signed-out': { readonly client: string | undefined };
  readonly expired: undefined;
  readonly error: ErrorLocals;
  readonly front: {
    readonly commands: FirstTokenCommands | undefined;
    /** Mails can be read here. */
    readonly hasOutbox: boolean;
  };
}

interface SignInLocals {
  readonly uid: string;
  readonly csrf: string;
  readonly client: ClientCard;
  /** Whoever is signed in and must prove it again; undefined shows the empty form. */
  readonly person: Person | undefined;
  /** Whoever is signed in while the form is for somebody else. */
  readonly otherPerson: Person | undefined;
  readonly identifier: string;
  readonly remember: boolean;
  readonly problems: readonly SignInProblem[];
  /** Where the person goes afterwards; undefined in the device flow. */
  readonly destination: string | undefined;
  readonly offers: SignInOffers;
}

/** What the page offers beside the password. */
export interface SignInOffers {
  /** WebAuthn request options as JSON (`PublicKeyCredentialRequestOptionsJSON`); undefined: no passkeys here. */
  readonly passkeyOptions: string | undefined;
  /** Identity providers with a button. */
  readonly upstreams: readonly UpstreamOffer[];
  /** Somebody came through a provider and is to sign in here once, so that the two are connected. */
  readonly connecting: ConnectingIdentity | undefined;
  readonly mayRegister: boolean;
  readonly mayReset: boolean;
}

interface ChooserLocals {
  readonly uid: string;
  readonly csrf: string;
  readonly client: ClientCard;
  readonly person: Person;
  readonly destination: string | undefined;
}

export type SignInProblem =
  | {
      readonly kind:
        | 'identifierMissing'
        | 'passwordMissing'
        | 'rejected'
        | 'stale'
        | 'passkeyRejected'
        | 'passkeyUnverified'
        /** Too many wrong answers at the second step. */
        | 'factorFailed';
    }
  | { readonly kind: 'tooMany'; readonly waitSeconds: number }
  | UpstreamProblem;

interface ConsentLocals {
  readonly uid: string;
  readonly csrf: string;
  readonly client: ClientCard;
  readonly person: Person | undefined;
  /** OIDC scopes other than `offline_access`. */
  readonly scopes: readonly string[];
  readonly apis: readonly { readonly name: string; readonly scopes: readonly ScopeInWords[] }[];
  /** Set when the client asks for `offline_access`: how long it would last. */
  readonly offlineSeconds: number | undefined;
  /** Without it, access ends with the session, which is so long at most. */
  readonly sessionSeconds: number;
  /** The person allowed something before; this comes on top. */
  readonly isMore: boolean;
  /** Allowed once, it is allowed in sessions to come. */
  readonly isRemembered: boolean;
  readonly destination: string | undefined;
  readonly stale: boolean;
}

interface ScopeInWords {
  readonly name: string;
  readonly description: string;
}

export type DeviceProblem = 'missing' | 'unknown' | 'expired' | 'used' | 'aborted' | 'failed';

interface DeviceCodeLocals {
  readonly action: string;
  readonly xsrf: string;
  readonly problem: DeviceProblem | undefined;
  readonly userCode: string;
}

interface SignOutLocals {
  readonly action: string;
  readonly xsrf: string;
  readonly client: string | undefined;
  readonly person: Person | undefined;
  readonly destination: string | undefined;
}

export type ErrorKind = 'request' | 'server' | 'away' | 'missing' | 'denied' | 'slow';

interface ErrorLocals {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly description: string | undefined;
  readonly requestId: string | undefined;
}

/** A client as people see it. Links are https, and nothing of the client's is loaded into the page. */
export interface ClientCard {
  readonly name: string;
  /** It registered itself, so its name is only a claim. */
  readonly unverified: boolean;
  /** Its picture, served from here. */
  readonly logo: string | undefined;
  /** Style sheet with its colour. */
  readonly accent: string | undefined;
  readonly homeUri: string | undefined;
  readonly policyUri: string | undefined;
  readonly tosUri: string | undefined;
}

export interface Person {
  readonly name: string;
  /** E-mail address or username: what they would type to sign in. */
  readonly identifier: string;
  readonly initial: string;
}

interface FirstTokenCommands {
  readonly api: string;
  readonly client: string;
  readonly token: string;
}
