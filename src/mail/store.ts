import type { Pool } from 'pg';

import type { Language } from '../../views/language.ts';
import type { Queryable } from '../db/database.ts';
import type { MailKind } from './mail.ts';
import type { DueMail } from './preparation.ts';

/** Takes what is due for the time of one attempt: another process does not see it until then, and sees it if this one dies. */
export async function claimMails(
  pool: Pool,
  { now, until, limit }: { now: Date; until: Date; limit: number },
): Promise<(DueMail & { readonly message: Buffer | null })[]> {
  const { rows } = await pool.query<
    Omit<MailRow, 'next_attempt_at' | 'sent_at' | 'last_error'> & { detail: Record<string, string> }
  >(
    `UPDATE mails SET next_attempt_at = $2, attempts = attempts + 1
     WHERE id IN (
       SELECT id FROM mails WHERE next_attempt_at <= $1
       ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED)
     RETURNING id, kind, recipient, account_id, language, detail, created_at, attempts - 1 AS attempts, message`,
    [now, until, limit],
  );
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    recipient: row.recipient,
    accountId: row.account_id,
    language: row.language,
    detail: row.detail,
    createdAt: row.created_at,
    attempts: row.attempts,
    message: row.message,
  }));
}

/** What is about to be sent: if this process dies, whoever takes over sends the very same. */
export async function saveMessage(pool: Pool, id: string, message: Uint8Array): Promise<void> {
  await pool.query('UPDATE mails SET message = $2 WHERE id = $1', [id, message]);
}

export async function saveSent(
  pool: Pool,
  id: string,
  { now, keepMessage }: { now: Date; keepMessage: boolean },
): Promise<void> {
  await pool.query(
    `UPDATE mails SET sent_at = $2, next_attempt_at = NULL, last_error = NULL,
       message = CASE WHEN $3 THEN message END
     WHERE id = $1`,
    [id, now, keepMessage],
  );
}

/** Without a next attempt there is none: the mail is given up. */
export async function saveUnsent(
  pool: Pool,
  id: string,
  { error, nextAttemptAt }: { error: string; nextAttemptAt: Date | null },
): Promise<void> {
  await pool.query('UPDATE mails SET last_error = $2, next_attempt_at = $3, message = NULL WHERE id = $1', [
    id,
    error,
    nextAttemptAt,
  ]);
}

/** Kept messages of mails made before then. Answers how many. */
export async function deleteMessages(db: Queryable, before: Date): Promise<number> {
  return db('mails').where('created_at', '<', before).whereNotNull('message').update({ message: null });
}

/** A mail as operators and developers see it. */
export interface StoredMail {
  readonly id: string;
  readonly kind: MailKind;
  readonly recipient: string;
  readonly language: Language;
  readonly createdAt: Date;
  readonly attempts: number;
  /** None: it was sent or given up. */
  readonly nextAttemptAt: Date | null;
  readonly sentAt: Date | null;
  readonly lastError: string | null;
  /** Sealed; only where it is kept to be read. */
  readonly message: Buffer | null;
}

interface MailRow {
  readonly id: string;
  readonly kind: MailKind;
  readonly recipient: string;
  readonly account_id: string | null;
  readonly language: Language;
  readonly created_at: Date;
  readonly attempts: number;
  readonly next_attempt_at: Date | null;
  readonly sent_at: Date | null;
  readonly last_error: string | null;
  readonly message: Buffer | null;
}

const COLUMNS: (keyof MailRow)[] = [
  'id',
  'kind',
  'recipient',
  'account_id',
  'language',
  'created_at',
  'attempts',
  'next_attempt_at',
  'sent_at',
  'last_error',
  'message',
];

/** Latest first. */
export async function listMails(
  db: Queryable,
  { limit, recipient }: { limit: number; recipient?: string | undefined },
): Promise<StoredMail[]> {
  const query = db<MailRow>('mails')
    .select(COLUMNS)
    .orderBy([
      { column: 'created_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ]);
  const rows = await (recipient === undefined ? query : query.where({ recipient })).limit(limit);
  return rows.map(toMail);
}

export async function findMail(db: Queryable, id: string): Promise<StoredMail | undefined> {
  const row = await db<MailRow>('mails').where({ id }).first(COLUMNS);
  return row && toMail(row);
}

function toMail(row: MailRow): StoredMail {
  return {
    id: row.id,
    kind: row.kind,
    recipient: row.recipient,
    language: row.language,
    createdAt: row.created_at,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    sentAt: row.sent_at,
    lastError: row.last_error,
    message: row.message,
  };
}
