/**
 * Browser sessions: one row under a constant `uid`, any number of cookie values that rotate, one row a client that joined.
 * What belongs to one sign-in at one client (its `sid`, its grant) has a row of its own, because the library keeps all of
 * it in one object and the last of two parallel writers would win.
 */
export interface SessionClient {
  readonly clientId: string;
  readonly sid: string;
  readonly grantId: string | null;
  /** The client holds an `offline_access` grant: signing out does not revoke it (OIDC Core §11). */
  readonly persistsLogout: boolean;
}

export interface Session {
  readonly uid: string;
  readonly accountId: string | null;
  /** Sealed; without cookie values and without clients. */
  readonly payload: Buffer;
  readonly expiresAt: Date;
  readonly clients: readonly SessionClient[];
}

/** A session found by a cookie value, and whether that value has been replaced since. */
export interface SessionByCookie extends Session {
  readonly replacedAt: Date | null;
}

export function sessionContext(uid: string): string {
  return `sessions|payload|${uid}`;
}
