import { randomInt } from 'node:crypto';
import type { ServerResponse } from 'node:http';

import type { ClientCache } from '../clients/cache.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Metrics } from '../http/metrics.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { StatusBoard } from '../revocation/status-board.ts';
import { HEARTBEAT, keysFrame, readyFrame, resetFrame, revokedFrame, STREAM_HEAD } from './stream-frames.ts';

/** Those who follow the stream of revocations at this process. */
export interface StreamReaders {
  /** False when there is no room for one more reader, or one more of this client. */
  hasRoom(clientId: string): boolean;
  /** Takes over a response whose headers are sent. `lastPosition`: where the reader was before, undefined for a new one. */
  add(res: ServerResponse, reader: { clientId: string; lastPosition: number | undefined }): Promise<void>;
  /** Ends all streams: their readers go to another process. */
  close(): void;
}

/** A reader is about 20 kB here. */
const READERS_MAX = 5000;
const READERS_PER_CLIENT_MAX = 2000;
/** A verifier counts three seconds of silence as a lost stream. */
const HEARTBEAT_MS = 1000;
/** Silence is kept when the database has not been heard for so long: a heartbeat says that nothing is missing. */
const CONFIRMED_MS_MAX = 2000;
/** What a reader may leave unread before it is cut off; it comes back and catches up, or fetches lists. */
const UNREAD_BYTES_MAX = 256 * 1024;
/** A reader shows its credentials anew now and then; not all at once, though they may have come at once. */
const AGE_SECONDS = { min: 600, max: 1200 } as const;

interface Reader {
  readonly res: ServerResponse;
  readonly clientId: string;
  readonly endsAtMs: number;
  /** While it is told what it missed, what is new waits here. */
  waiting: { position: number; text: string }[] | undefined;
}

interface Context {
  readonly config: Pick<Config, 'issuer'>;
  readonly clock: Clock;
  readonly clients: ClientCache;
  readonly keys: KeyRing;
  readonly metrics: Metrics;
  readonly statusBoard: StatusBoard;
}

export function createStreamReaders(ctx: Context): StreamReaders {
  const { config, clock, clients, keys, metrics, statusBoard: board } = ctx;
  const readers = new Set<Reader>();
  const perClient = new Map<string, number>();

  const stopFollowing = board.onChange((changes) => {
    if (readers.size === 0) return;
    const position = board.position();
    broadcast(position, changes ? revokedFrame(config.issuer, changes) : resetFrame(position));
  });

  // So that a key that was revoked verifies nothing within a second, and one that replaces it at once is known.
  const presentKeys = (): string => keysFrame(keys.jwks().map(({ kid }) => kid));
  keys.onChange(() => broadcast(board.position(), presentKeys()));

  const heartbeat = setInterval(() => {
    const nowMs = clock.now().getTime();
    if (board.confirmedMsAgo() <= CONFIRMED_MS_MAX) broadcast(board.position(), HEARTBEAT);
    for (const reader of readers) if (nowMs >= reader.endsAtMs) end(reader, 'renewed');
    void refuseDisabled();
  }, HEARTBEAT_MS);
  heartbeat.unref();

  function broadcast(position: number, text: string): void {
    for (const reader of readers) {
      if (reader.waiting) reader.waiting.push({ position, text });
      else send(reader, text);
    }
  }

  function send(reader: Reader, text: string): void {
    reader.res.write(text);
    if (reader.res.writableLength > UNREAD_BYTES_MAX) end(reader, 'slow');
  }

  async function refuseDisabled(): Promise<void> {
    for (const clientId of perClient.keys()) {
      const client = await clients.find(clientId).catch(() => 'unknown' as const);
      if (client === 'unknown' || (client && client.disabledAt === null)) continue;
      for (const reader of readers) if (reader.clientId === clientId) end(reader, 'refused');
    }
  }

  function end(reader: Reader, reason: 'slow' | 'refused' | 'renewed' | 'closing'): void {
    metrics.streamsDropped.inc({ reason });
    // Whoever does not read would never see a proper end.
    if (reason === 'slow') reader.res.destroy();
    else reader.res.end();
    remove(reader);
  }

  function remove(reader: Reader): void {
    if (!readers.delete(reader)) return;
    const left = (perClient.get(reader.clientId) ?? 1) - 1;
    if (left === 0) perClient.delete(reader.clientId);
    else perClient.set(reader.clientId, left);
    metrics.streams.set(readers.size);
  }

  /** What it missed, then what came meanwhile, then the word that this was all. */
  async function catchUp(reader: Reader, lastPosition: number | undefined): Promise<void> {
    const missed = lastPosition === undefined ? [] : await board.since(lastPosition);
    const told = missed?.at(-1)?.position ?? 0;
    if (missed && missed.length > 0) send(reader, revokedFrame(config.issuer, missed));
    if (!missed) send(reader, resetFrame(board.position()));
    const waiting = reader.waiting ?? [];
    reader.waiting = undefined;
    for (const { position, text } of waiting) if (position > told) send(reader, text);
    send(reader, readyFrame(board.position()));
    send(reader, presentKeys());
  }

  return {
    hasRoom: (clientId) =>
      readers.size < READERS_MAX && (perClient.get(clientId) ?? 0) < READERS_PER_CLIENT_MAX,
    async add(res, { clientId, lastPosition }) {
      const seconds = randomInt(AGE_SECONDS.min, AGE_SECONDS.max);
      const endsAtMs = clock.now().getTime() + seconds * 1000;
      const reader: Reader = { res, clientId, endsAtMs, waiting: [] };
      readers.add(reader);
      perClient.set(clientId, (perClient.get(clientId) ?? 0) + 1);
      metrics.streams.set(readers.size);
      res.on('close', () => remove(reader));
      res.on('error', () => remove(reader));
      res.write(STREAM_HEAD);
      try {
        await board.confirm();
        await catchUp(reader, lastPosition);
      } catch {
        // The database is away: without a word that nothing is missing the reader tries again elsewhere.
        end(reader, 'closing');
      }
    },
    close() {
      clearInterval(heartbeat);
      stopFollowing();
      for (const reader of readers) end(reader, 'closing');
    },
  };
}
