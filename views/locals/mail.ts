/**
 * Mails: what each is given. Links are paths here: the letter puts the issuer in front, so that no mail leads anywhere else.
 * Texts that people or clients chose (names, devices) are shown shortened, and never as links.
 */
export interface MailLocals extends LinkMailLocals, NoticeLocals {}

export type MailTemplate = keyof MailLocals;

/** Sent because somebody asked for it, perhaps somebody else. */
interface LinkMailLocals {
  /** Confirms the address of a new account. */
  readonly registration: LinkLocals;
  /** Somebody registers an address that has an account; the path leads to a new password or to signing in. */
  readonly 'registration-known': { readonly path: string } & Origin;
  readonly 'password-reset': LinkLocals;
  /** A reset was asked for an address that has no account. */
  readonly 'password-reset-unknown': Origin;
  /** A reset was asked for an account that signs in elsewhere. */
  readonly 'password-reset-federated': { readonly provider: string } & Origin;
  /** A reset was asked for an account that is disabled. */
  readonly 'password-reset-disabled': Origin;
  /** To the new address. */
  readonly 'email-change': LinkLocals;
  /** To the address that the account has. */
  readonly 'email-verification': LinkLocals;
  readonly invitation: LinkLocals & { readonly inviter?: string | undefined };
}

export interface LinkLocals extends Origin {
  /** On this server: `/password-reset?token=…`. */
  readonly path: string;
  readonly validSeconds: number;
}

/** Where the request came from, as far as it is known. */
export interface Origin {
  /** Of whom the mail is for. */
  readonly name?: string | undefined;
  /** `Firefox on Linux`. */
  readonly device?: string | undefined;
  /** IP address. */
  readonly address?: string | undefined;
}

/**
 * Told after the fact. These are also the keys of `detail` when such a mail is queued; every one may be missing, and is then
 * not spoken of. `at` is filled in by the delivery: when the mail was queued.
 */
interface NoticeLocals {
  readonly 'new-device': Notice & { readonly client?: string | undefined };
  readonly 'password-changed': Notice;
  /** To the old address. */
  readonly 'email-changed': Notice & { readonly email?: string | undefined };
  readonly 'authenticator-added': Notice & AuthenticatorFacts;
  readonly 'authenticator-removed': Notice & AuthenticatorFacts;
  readonly 'recovery-code-used': Notice & { readonly left?: string | undefined };
  readonly 'recovery-codes-made': Notice;
  readonly 'second-factor-locked': Notice;
  readonly 'identity-linked': Notice & { readonly provider?: string | undefined };
  readonly 'identity-unlinked': Notice & { readonly provider?: string | undefined };
  readonly 'account-deleted': Notice;
}

export interface Notice extends Origin {
  readonly at: Date;
}

interface AuthenticatorFacts {
  readonly authenticator?: 'passkey' | 'totp' | undefined;
  /** What the person called it. */
  readonly label?: string | undefined;
}

/** The development outbox. */
export interface OutboxPages {
  readonly mails: { readonly mails: readonly OutboxEntry[] };
  readonly mail: OutboxEntry & {
    /** None: it is not sent yet, or no longer kept. */
    readonly message:
      { readonly text: string; readonly link: string | undefined; readonly htmlPath: string } | undefined;
  };
}

interface OutboxEntry {
  readonly path: string;
  readonly recipient: string;
  readonly kind: MailTemplate;
  readonly subject: string | undefined;
  readonly at: string;
  readonly state: 'kept' | 'waiting' | 'failed' | 'gone';
}
