import {
  LOGOUT_CHANNEL,
  claimLogouts,
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
/** Delivered in parallel; a slow receiver holds up only its own round. */
const BATCH = 50;
/** Waits between attempts double up to a minute: a receiver that was down for ten minutes is told within one. */
const FIRST_WAIT_MS = 2000;
const WAIT_MS_MAX = 60_000;
/** Nobody is listening any more. */
const GIVE_UP_AFTER_MS = 24 * 3600 * 1000;
/** For what becomes due again, and for a lost notification. */
const POLL_MS = 2000;

type Context = Pick<HallContext, 'config' | 'clock' | 'db' | 'keys' | 'clients' | 'egress' | 'log'>;

/** Runs on every process; a delivery is claimed by one of them. At least once: a crash after sending sends again. */
export function startLogoutDelivery(hall: Context & { readonly bus: Bus }): { stop(): Promise<void> } {
  const stopping = new AbortController();
  let again = false;
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    do {
      again = false;
      try {
        again = (await deliverDue(hall)) === BATCH || again;
      } catch (error) {
        hall.log.warn({ err: error }, 'back-channel logout is waiting for the database');
      }
    } while (again && !stopping.signal.aborted);
    running = undefined;
  };
  const wake = (): void => {
    if (stopping.signal.aborted) return;
    if (running) again = true;
    else running = run();
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
      await running;
    },
  };
}

async function deliverDue(hall: Context): Promise<number> {
  const now = hall.clock.now();
  const until = new Date(now.getTime() + CLAIM_MS);
  const due = await claimLogouts(hall.db.pool, { now, until, limit: BATCH });
  await Promise.all(due.map((delivery) => deliver(hall, delivery)));
  return due.length;
}

async function deliver(hall: Context, delivery: LogoutDelivery): Promise<void> {
  const client = await hall.clients.find(delivery.clientId);
  const uri = client?.metadata['backchannel_logout_uri'];
  const now = hall.clock.now();
  if (!client || typeof uri !== 'string') {
    return saveFailed(hall.db.pool, delivery.id, {
      error: 'the client does not listen any more',
      nextAttemptAt: null,
      now,
    });
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
    if (response.status === 200 || response.status === 204)
      return await saveDelivered(hall.db.pool, delivery.id, now);
    throw new Error(`answered ${response.status}`);
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
  }
}

function nextAttempt(delivery: LogoutDelivery, now: Date): Date | null {
  if (now.getTime() - delivery.createdAt.getTime() > GIVE_UP_AFTER_MS) return null;
  return new Date(now.getTime() + Math.min(FIRST_WAIT_MS * 2 ** delivery.attempts, WAIT_MS_MAX));
}
