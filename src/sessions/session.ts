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
  readonly lastUsedAt: Date;
  readonly clients: readonly SessionClient[];
}

/** A session found by a cookie value, and whether that value has been replaced since. */
export interface SessionByCookie extends Session {
  readonly replacedAt: Date | null;
}

/** The browser that uses a session, by which a person recognises it. */
export interface SessionDevice {
  /** As it was sent; null when it sent none. */
  readonly userAgent: string | null;
  readonly address: string | null;
}

export function sessionContext(uid: string): string {
  return `sessions|payload|${uid}`;
}

/** Real ones have about 120 characters; what tells browsers apart comes early. */
const USER_AGENT_LENGTH_MAX = 256;

export function storableUserAgent(userAgent: string): string | null {
  return userAgent.slice(0, USER_AGENT_LENGTH_MAX).toWellFormed().replaceAll('\0', '') || null;
}

/** Use is written down at most this often, so that a busy session costs no write a request. */
const TOUCH_SECONDS_MAX = 300;
/** And often enough for the idle time to mean what it says: it is short by a twentieth at most. */
const TOUCH_SHARE = 1 / 20;

/** For how long after a use was written down further uses go unwritten. */
export function touchSeconds(idleSeconds: number): number {
  return Math.min(idleSeconds * TOUCH_SHARE, TOUCH_SECONDS_MAX);
}

/** Used before this moment and not since: the session is idle, and gone. */
export function idleSince(now: Date, idleSeconds: number): Date {
  return new Date(now.getTime() - idleSeconds * 1000);
}
