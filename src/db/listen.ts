/**
 * News between processes, by LISTEN and NOTIFY. A payload is a hint ("client X changed"), at most 8000 bytes, seen only by those
 * who are connected at that moment: whoever subscribes must be able to find out by itself what it missed, in `onReconnect`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Logger } from '../log.ts';
import { type Connection, clientConfig, type Queryable } from './database.ts';

export type OnMessage = (payload: string) => void;

export interface Bus {
  /**
   * `onReconnect` runs whenever news may have been missed: once the channel is heard for the first time, and after every
   * lost connection. Returns how to unsubscribe.
   */
  subscribe(channel: string, onMessage: OnMessage, onReconnect?: () => void): () => void;
  /** Resolves when everything subscribed so far is heard. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

interface Subscription {
  readonly channel: string;
  readonly onMessage: OnMessage;
  readonly onReconnect: (() => void) | undefined;
}

/** The first retry comes soon, as most losses are a restart; later ones must not hammer a database that is starting. */
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 2_000;
/** A dead peer sends nothing: without a question of our own the silence would last until TCP gives up. */
const HEARTBEAT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 3_000;

/** Sent when the surrounding transaction commits, never when it rolls back. */
export async function notify(tx: Queryable, channel: string, payload: string): Promise<void> {
  await tx.raw('SELECT pg_notify(?, ?)', [channel, payload]);
}

/** One connection a process, whatever the number of subscribers; kept up in the background until `close`. */
export function openBus({ connection, log }: { connection: Connection; log: Logger }): Bus {
  const subscriptions = new Set<Subscription>();
  const closing = new AbortController();
  let session: Session | undefined;
  let heard = Promise.withResolvers<Session>();
  const running = keepListening();

  return {
    subscribe(channel, onMessage, onReconnect) {
      const subscription = { channel, onMessage, onReconnect };
      subscriptions.add(subscription);
      void session?.listen([subscription]).catch(ignore); // lost meanwhile: the next session listens to it
      return () => {
        subscriptions.delete(subscription);
        if (!hasSubscribers(channel)) void session?.unlisten(channel).catch(ignore);
      };
    },
    async ready() {
      await (await heard.promise).settled();
    },
    async close() {
      closing.abort();
      await session?.end();
      await running;
    },
  };

  async function keepListening(): Promise<void> {
    let retryMs = RETRY_MIN_MS;
    while (!closing.signal.aborted) {
      try {
        const opened = await openSession(connection, deliver, log);
        if (closing.signal.aborted) return await opened.end();
        session = opened;
        await session.listen([...subscriptions]);
        heard.resolve(session);
        retryMs = RETRY_MIN_MS;
        await session.ended;
      } catch (error) {
        log.warn({ err: error }, 'Cannot listen for notifications, trying again');
      }
      await session?.end();
      session = undefined;
      heard = Promise.withResolvers<Session>();
      await sleep(retryMs, undefined, { signal: closing.signal }).catch(ignore);
      retryMs = Math.min(retryMs * 2, RETRY_MAX_MS);
    }
  }

  function deliver(channel: string, payload: string): void {
    for (const subscription of subscriptions) {
      if (subscription.channel === channel) call(log, () => subscription.onMessage(payload));
    }
  }

  function hasSubscribers(channel: string): boolean {
    return [...subscriptions].some((subscription) => subscription.channel === channel);
  }
}

interface Session {
  listen(subscriptions: Subscription[]): Promise<void>;
  unlisten(channel: string): Promise<void>;
  /** Resolves when what was asked so far is answered. */
  settled(): Promise<void>;
  readonly ended: Promise<void>;
  end(): Promise<void>;
}

async function openSession(
  connection: Connection,
  deliver: (channel: string, payload: string) => void,
  log: Logger,
): Promise<Session> {
  const client = new Client({
    ...clientConfig(connection),
    application_name: 'guichet listen',
    connectionTimeoutMillis: ANSWER_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
  });
  const ended = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
  });
  client.on('notification', ({ channel, payload }) => deliver(channel, payload ?? ''));
  await client.connect();

  let last: Promise<unknown> = Promise.resolve();
  const query = async (statement: string): Promise<void> => {
    const answer = last.catch(ignore).then(() => client.query(statement));
    last = answer;
    await answer;
  };
  const end = async (): Promise<void> => {
    clearInterval(heartbeat);
    await Promise.race([client.end(), sleep(ANSWER_TIMEOUT_MS, undefined, { ref: false })]);
  };
  const heartbeat = setInterval(() => void query('SELECT 1').catch(end), HEARTBEAT_MS);

  return {
    async listen(subscriptions) {
      const channels = new Set(subscriptions.map(({ channel }) => channel));
      for (const channel of channels) await query(`LISTEN ${client.escapeIdentifier(channel)}`);
      for (const { onReconnect } of subscriptions) {
        if (onReconnect) call(log, onReconnect);
      }
    },
    unlisten: (channel) => query(`UNLISTEN ${client.escapeIdentifier(channel)}`),
    async settled() {
      await last.catch(ignore);
    },
    ended,
    end,
  };
}

/** A subscriber that throws is a bug of that subscriber; the others still get their news. */
function call(log: Logger, listener: () => void): void {
  try {
    listener();
  } catch (error) {
    log.error({ err: error }, 'A subscriber of notifications failed');
  }
}

function ignore(): void {}
