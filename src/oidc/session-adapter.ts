import Provider, { errors, type Adapter, type AdapterPayload } from 'oidc-provider';

import { sha256 } from '../crypto/digest.ts';
import { revoke } from '../revocation/revoke.ts';
import {
  sessionContext,
  type Session,
  type SessionByCookie,
  type SessionClient,
} from '../sessions/session.ts';
import { removeSessionClient, saveSession } from '../sessions/store.ts';
import { notOffered } from './not-offered.ts';
import { actorOf } from './artifact-adapter.ts';
import type { HallContext } from './context.ts';
import { presentedLast } from './session-binding.ts';
import { browserOf, identityOf, noteBound, provedIn, recordUse } from './session-use.ts';

/**
 * For this long a cookie value that was just replaced still finds its session, and only where a sign-in is being completed
 * (see mayComplete): of two tabs that finish at once, the later one joins the session
 * of the earlier instead of starting another that nobody signs out. Anywhere else a replaced value is dead at once.
 */
const REPLACED_GRACE_MS = 10_000;

const COMPLETING_ROUTES = new Set(['resume', 'device_resume']);

type Authorizations = Record<string, { sid?: string; grantId?: string; persistsLogout?: boolean }>;

type StoredSession = AdapterPayload & { authorizations?: Authorizations };

/** Browser sessions: the row stands under its `uid`, the cookie value is one of its rotating names. */
export function createSessionAdapter(hall: HallContext): Adapter {
  const { records, seal, clock, db } = hall;
  /** What was loaded, so that a request that changed nothing writes nothing. */
  const loaded = new WeakMap<object, { json: string; session: Session }>();

  function toPayload(session: Session, id: string | undefined): AdapterPayload {
    const json = seal.open(session.payload, sessionContext(session.uid)).toString();
    const payload: AdapterPayload = JSON.parse(json);
    payload.exp = Math.floor(session.expiresAt.getTime() / 1000);
    if (id !== undefined) payload.jti = id;
    const authorizations = toAuthorizations(session.clients);
    if (authorizations) payload['authorizations'] = authorizations;
    if (Provider.ctx && id !== undefined) loaded.set(Provider.ctx, { json, session });
    return payload;
  }

  return {
    async find(id) {
      const session = await records.findSessionByCookie(cookieDigest(id));
      if (!session) return undefined;
      if (session.replacedAt && !(await mayComplete(session, clock.now()))) return undefined;
      return toPayload(session, id);
    },

    async findByUid(uid) {
      const session = await records.findSession(uid);
      if (session) noteBound(session);
      return session && toPayload({ ...session, clients: presentedLast(session.clients) }, undefined);
    },

    async upsert(id, payload, expiresIn) {
      if (typeof payload.uid !== 'string' || expiresIn === undefined) {
        throw new TypeError('a session has a uid and an end');
      }
      const { jti, authorizations, exp, ...rest } = payload as StoredSession;
      const json = JSON.stringify(rest);
      const clients = toClients(authorizations ?? {});
      const ctx = Provider.ctx;
      const replaces = ctx?.oidc.session && replacedId(ctx.oidc.session, id);
      const before = ctx && loaded.get(ctx);
      const joined = clients.filter((client) => !isKnown(client, before?.session.clients ?? []));
      const signedOutOf = missingClients(before?.session.clients ?? [], clients);
      const isChanged = before?.json !== json;

      if (!replaces && !isChanged && joined.length + signedOutOf.length === 0) {
        if (before) await recordUse(hall, before.session, browserOf(ctx));
        return;
      }
      const identity = identityOf(ctx);
      // The library repeats the sign-in at every page that follows it; then the session is this person's already.
      const isBegun = before !== undefined && before.session.accountId === payload.accountId;
      const proof = isBegun ? null : provedIn(ctx);
      const isSaved = await saveSession(
        db.pool,
        {
          uid: payload.uid,
          accountId: typeof payload.accountId === 'string' ? payload.accountId : null,
          payload: seal.seal(Buffer.from(json), sessionContext(payload.uid)),
          expiresAt: new Date(clock.now().getTime() + expiresIn * 1000),
          clients: joined,
          isChanged,
          cookieDigest: cookieDigest(id),
          replacesDigest: replaces ? cookieDigest(replaces) : null,
          device: browserOf(ctx),
          identity,
          provedIn: proof,
        },
        clock.now(),
      );
      // The browser is on its way to the client with a code: this keeps it here.
      if ((identity ?? proof) && !isSaved)
        throw new errors.AccessDenied('the way in which the person came is closed');
      if (ctx?.oidc.route === 'end_session_confirm') {
        for (const clientId of signedOutOf) await removeSessionClient(db.pool, payload.uid, clientId);
      }
    },

    async destroy(id) {
      // The library destroys the old id on every rotation too (models/session.js); that is no sign-out.
      const ctx = Provider.ctx;
      if (ctx?.oidc.session && replacedId(ctx.oidc.session) === id) return;
      const session = await records.findSessionByCookie(cookieDigest(id));
      if (session) await revoke(hall, { session: session.uid }, actorOf(ctx));
    },

    findByUserCode: notOffered('Session', 'user code'),
    consume: notOffered('Session', 'single use'),
    revokeByGrantId: notOffered('Session', 'parent'),
  };
}

function cookieDigest(id: string): Buffer {
  return sha256(`Session:${id}`);
}

/**
 * A replaced value may be known to whoever planted it, so it counts for nothing by itself: the sign-in to be completed began
 * in this session, or has proved to be the same person.
 */
async function mayComplete(session: SessionByCookie, now: Date): Promise<boolean> {
  const oidc = Provider.ctx?.oidc;
  if (!oidc || !session.replacedAt || !COMPLETING_ROUTES.has(oidc.route)) return false;
  if (now.getTime() - session.replacedAt.getTime() >= REPLACED_GRACE_MS) return false;
  const uid = oidc.cookies.get(oidc.provider.cookieName('resume'), { signed: true });
  const interaction = uid === undefined ? undefined : await oidc.provider.Interaction.find(uid);
  if (interaction?.session?.uid === session.uid) return true;
  return session.accountId !== null && interaction?.result?.login?.accountId === session.accountId;
}

/** `oldId` is set by `resetIdentifier` and is not part of the published type. */
function replacedId(session: object, newId?: string): string | undefined {
  const oldId: unknown = 'oldId' in session ? session.oldId : undefined;
  return typeof oldId === 'string' && oldId !== newId ? oldId : undefined;
}

function toAuthorizations(clients: readonly SessionClient[]): Authorizations | undefined {
  if (clients.length === 0) return undefined;
  // Oldest first: the latest sign-in at a client is the one the library sees.
  return Object.fromEntries(
    clients.map((client) => [
      client.clientId,
      {
        sid: client.sid,
        ...(client.grantId === null ? {} : { grantId: client.grantId }),
        ...(client.persistsLogout ? { persistsLogout: true } : {}),
      },
    ]),
  );
}

function toClients(authorizations: Authorizations): SessionClient[] {
  return Object.entries(authorizations).flatMap(([clientId, { sid, grantId, persistsLogout }]) =>
    sid === undefined
      ? []
      : [{ clientId, sid, grantId: grantId ?? null, persistsLogout: persistsLogout === true }],
  );
}

function isKnown(client: SessionClient, before: readonly SessionClient[]): boolean {
  return before.some(
    (old) =>
      old.clientId === client.clientId &&
      old.sid === client.sid &&
      old.grantId === client.grantId &&
      old.persistsLogout === client.persistsLogout,
  );
}

function missingClients(before: readonly SessionClient[], after: readonly SessionClient[]): string[] {
  const left = new Set(after.map((client) => client.clientId));
  return [...new Set(before.map((client) => client.clientId))].filter((clientId) => !left.has(clientId));
}
