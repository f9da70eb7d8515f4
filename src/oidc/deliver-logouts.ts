import {
  LOGOUT_CHANNEL,
  claimLogouts,
  findClientsToTell,
  saveDelivered,
  saveFailed,
  type LogoutDelivery,
} from '../sessions/logout-store.ts';
import type { Bus } from '../db/listen.ts';
import { signLogoutToken } from './back-channel-logout.ts';
import type { HallContext } from './context.ts';

/** One attempt. A receiver that needs longer is asked again. */
const TIMEOUT_MS = 5000;
/** For this long an attempt belongs to the process that claimed it. */
const CLAIM_MS = 30_000;
/** Attempts under way at one client. A receiver that is slow keeps only its own waiting. */
const CLIENT_ATTEMPTS_MAX = 5;
/** Clients that are told at the same time. Only so many that do not answer, all at once, would keep another one waiting. */
const CLIENTS_MAX = 100;
/** Waits between attempts double up to a minute: a receiver that was down for ten minutes is told within one. */
const FIRST_WAIT_MS = 2000;
const WAIT_MS_MAX = 60_000;
/** Nobody is listening any more. */
const GIVE_UP_AFTER_MS = 24 * 3600 * 1000;
/** For what becomes due again, and for a lost notification. */
const POLL_MS = 2000;

type Context = Pick<HallContext, 'config' | 'clock' | 'db' | 'keys' | 'clients' | 'egress' | 'log'>;

/**
 * Runs on every process; a delivery is claimed by one of them. At least once: a crash after sending sends again. Each client has a
 * lane of its own, so that none waits for the answers of another.
 */
export function startLogoutDelivery(hall: Context & { readonly bus: Bus }): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const lanes = new Map<string, Promise<void>>();
  let wakings = 0;
  /** Perhaps there are more clients to tell than places. */
  let isCrowded = false;
  let looking: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    let seen: number;
    do {
      seen = wakings;
      try {
        const limit = CLIENTS_MAX - lanes.size;
        const now = hall.clock.now();
        const due = await findClientsToTell(hall.db.pool, { now, except: [...lanes.keys()], limit });
        if (stopping.signal.aborted) break;
        isCrowded = due.length === limit;
        for (const clientId of due) lanes.set(clientId, runLane(clientId));
      } catch (error) {
        hall.log.warn({ err: error }, 'back-channel logout is waiting for the database');
      }
    } while (seen !== wakings && !stopping.signal.aborted);
    looking = undefined;
  };
  const runLane = async (clientId: string): Promise<void> => {
    let seen = wakings;
    let hasFailed = false;
    try {
      let goesOn = true;
      while (goesOn && !stopping.signal.aborted) {
        seen = wakings;
        goesOn = await tellClient(hall, clientId);
      }
    } catch (error) {
      hasFailed = true;
      hall.log.warn({ err: error }, 'back-channel logout is waiting for the database');
    }
    lanes.delete(clientId);
    // What became due meanwhile may be of this client, which was passed over as it had a lane. A database that refuses is left
    // alone until the timer.
    if (!hasFailed && (isCrowded || seen !== wakings)) wake();
  };
  const wake = (): void => {
    if (stopping.signal.aborted) return;
    wakings += 1;
    looking ??= look();
  };

  const unsubscribe = hall.bus.subscribe(LOGOUT_CHANNEL, wake, wake);
  const timer = setInterval(wake, POLL_MS);
  timer.unref();
  wake();
  return {
    async stop() {
      stopping.abort();
      clearInterval(timer);
      unsubscribe();
      await looking;
      await Promise.all(lanes.values());
    },
  };
}

/** Whether there may be more at once: not for a client that took nothing, which is left alone until the next look. */
async function tellClient(hall: Context, clientId: string): Promise<boolean> {
  const now = hall.clock.now();
  const until = new Date(now.getTime() + CLAIM_MS);
  const due = await claimLogouts(hall.db.pool, { clientId, now, until, limit: CLIENT_ATTEMPTS_MAX });
  const outcomes = await Promise.all(due.map((delivery) => deliver(hall, delivery)));
  return due.length === CLIENT_ATTEMPTS_MAX && outcomes.includes(true);
}

/** Whether it is done with: the client knows, or does not listen any more. */
async function deliver(hall: Context, delivery: LogoutDelivery): Promise<boolean> {
  const client = await hall.clients.find(delivery.clientId);
  const uri = client?.metadata['backchannel_logout_uri'];
  const now = hall.clock.now();
  if (!client || typeof uri !== 'string') {
    const error = 'the client does not listen any more';
    await saveFailed(hall.db.pool, delivery.id, { error, nextAttemptAt: null, now });
    return true;
  }
  try {
    const response = await hall.egress.fetch(uri, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: await signLogoutToken(hall, client, delivery) }).toString(),
      timeoutMs: TIMEOUT_MS,
      bodyBytesMax: 1024,
      allowLoopback: hall.config.mode === 'development' && client.origin === 'operator',
    });
    // Back-Channel Logout §2.8: 200 is success, and 204 from some frameworks.
    if (response.status !== 200 && response.status !== 204) throw new Error(`answered ${response.status}`);
    await saveDelivered(hall.db.pool, delivery.id, now);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    hall.log.info(
      { clientId: client.id, delivery: delivery.id, reason: message },
      'back-channel logout failed',
    );
    await saveFailed(hall.db.pool, delivery.id, {
      error: message,
      nextAttemptAt: nextAttempt(delivery, now),
      now,
    });
    return false;
  }
}

function nextAttempt(delivery: LogoutDelivery, now: Date): Date | null {
  if (now.getTime() - delivery.createdAt.getTime() > GIVE_UP_AFTER_MS) return null;
  return new Date(now.getTime() + Math.min(FIRST_WAIT_MS * 2 ** delivery.attempts, WAIT_MS_MAX));
}
