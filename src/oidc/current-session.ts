import type { Context } from 'koa';
import type Provider from 'oidc-provider';

import type { Account } from '../accounts/account.ts';
import type { HallContext } from './context.ts';
import { recordVisit } from './session-use.ts';

/** Who is signed in in this browser, and how that was proved. */
export interface CurrentSession {
  readonly uid: string;
  readonly accountId: string;
  readonly authTime: Date;
  readonly acr: string | undefined;
  /** RFC 8176. */
  readonly amr: readonly string[];
}

export interface SignedIn {
  readonly session: CurrentSession;
  readonly account: Account;
}

/** For the doors that are for people who are signed in, outside of any client's request. */
export interface CurrentSessions {
  /** undefined: nobody is, the session has ended, or the account is disabled or gone. */
  find(ctx: Context): Promise<SignedIn | undefined>;
  /** Takes the cookie of a session that has ended away; whoever ends one does so by `revocation/`. */
  forget(ctx: Context): void;
}

export function createCurrentSessions(hall: HallContext, current: () => Provider): CurrentSessions {
  const https = hall.config.issuer.startsWith('https:');

  return {
    async find(ctx) {
      const session = await readSession(current(), ctx, hall.clock.now());
      const account = session && (await hall.records.findAccount(session.accountId));
      if (!session || !account || account.disabledAt !== null) return undefined;
      await recordVisit(hall, session.uid, ctx);
      return { session, account };
    },
    forget(ctx) {
      // With the attributes it was set with, or browsers keep it.
      const attributes = { signed: true, httpOnly: true, secure: https, sameSite: 'lax', path: '/' } as const;
      ctx.cookies.set(current().cookieName('session'), null, attributes);
    },
  };
}

/** Neither the session's end nor its cookie is renewed. */
async function readSession(provider: Provider, ctx: Context, now: Date): Promise<CurrentSession | undefined> {
  const session = await provider.Session.get(ctx);
  const { uid, accountId, loginTs, acr, amr, exp } = session;
  if (accountId === undefined || loginTs === undefined) return undefined;
  if (exp !== undefined && exp * 1000 <= now.getTime()) return undefined;
  return { uid, accountId, authTime: new Date(loginTs * 1000), acr, amr: amr ?? [] };
}
