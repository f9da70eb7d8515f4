import { z } from 'zod';

import { aloneVerifying, findHead } from '../audit/chain-store.ts';
import { checkpointKeys, publicJwkOf } from '../audit/checkpoint-keys.ts';
import { listLatestCheckpoints } from '../audit/checkpoint-store.ts';
import { readCheckpoint } from '../audit/checkpoint.ts';
import { searchEvents } from '../audit/search.ts';
import { verifyChain } from '../audit/verify-chain.ts';
import { identifier, instant, text } from '../documents/document.ts';
import {
  chainHeadDocument,
  chainReportDocument,
  chainReportToJson,
  checkpointDocument,
  eventDocument,
  eventToJson,
} from '../documents/event.ts';
import { AppError } from '../errors.ts';
import { httpError } from '../http/errors.ts';
import { parseCidr } from '../http/ip.ts';
import { cut, eventCursor, toCursor } from '../documents/page.ts';
import { operation, pageOf, pageQuery } from './define.ts';
import type { Operation } from './operation.ts';

const READ = 'admin:audit:read';

export const searchEventsOperation = operation({
  id: 'audit.search',
  command: 'audit list',
  method: 'GET',
  path: '/events',
  scope: READ,
  summary: 'What happened, the latest first',
  query: pageQuery.extend({
    after: eventCursor.optional().describe('`next` of the page before'),
    type: text.optional().describe('`client.created`, or `client.` for everything about clients'),
    actor: identifier.optional(),
    client_id: identifier.optional(),
    account_id: identifier.optional(),
    request_id: identifier.optional(),
    address: identifier.optional().describe('An address or CIDR'),
    since: instant.optional(),
    until: instant.optional().describe('Before it'),
    min_risk: z.coerce.number().int().min(0).max(100).optional(),
  }),
  answer: pageOf('events', eventDocument),
  async run({ db }, { query }) {
    const { address, since, until } = query;
    if (address !== undefined && !parseCidr(address))
      throw httpError('invalid_request', 'address: must be an address or a network (CIDR).');
    const filter = {
      type: query.type,
      actor: query.actor,
      clientId: query.client_id,
      accountId: query.account_id,
      requestId: query.request_id,
      address,
      since: since === undefined ? undefined : new Date(since),
      until: until === undefined ? undefined : new Date(until),
      minRisk: query.min_risk,
    };
    const found = await searchEvents(db.pool, filter, { after: query.after, limit: query.limit + 1 });
    const { items, next } = cut(found, query.limit, ({ occurredAt: at, id }) => toCursor({ at, id }));
    return { events: items.map(eventToJson), next };
  },
});

/** A page of them: older ones are in the log's own export. */
const CHECKPOINTS_MAX = 100;

export const listCheckpointsOperation = operation({
  id: 'audit.checkpoints',
  command: 'audit checkpoints',
  method: 'GET',
  path: '/checkpoints',
  scope: READ,
  summary: 'How far the log has come, and signed statements of what it was, the latest first',
  answer: z.strictObject({ head: chainHeadDocument, checkpoints: z.array(checkpointDocument) }),
  async run({ db, secrets, config }) {
    const keys = checkpointKeys(secrets);
    const stored = await listLatestCheckpoints(db.pool, CHECKPOINTS_MAX);
    return {
      head: await findHead(db.pool),
      checkpoints: stored.map(({ number, seq, jws }) => {
        const read = readCheckpoint(jws, { keys, issuer: config.issuer });
        const said = read.ok ? read.checkpoint : undefined;
        const at = said ? new Date(said.at * 1000).toISOString() : null;
        return { number, seq, hash: said?.hash ?? null, at, jws };
      }),
    };
  },
});

export const listCheckpointKeysOperation = operation({
  id: 'audit.keys',
  command: 'audit key',
  method: 'GET',
  path: '/checkpoints/keys',
  scope: READ,
  summary:
    'Public keys of checkpoints, to keep: they verify them when their GUICHET_SECRET is no longer listed',
  answer: z.strictObject({
    keys: z.array(
      z.strictObject({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        x: z.string(),
        kid: z.string(),
        alg: z.literal('EdDSA'),
        use: z.literal('sig'),
      }),
    ),
  }),
  run: ({ secrets }) => Promise.resolve({ keys: checkpointKeys(secrets).map(publicJwkOf) }),
});

const KNOWN_MAX = 100;

/** Some millions of events: people and proxies wait no longer. */
const VERIFY_MAX_MS = 20_000;
/** A log of some hundred thousand events is read by then. */
const VERIFY_RETRY_SECONDS = 5;

export const verifyLogOperation = operation({
  id: 'audit.verify',
  command: 'audit verify',
  method: 'POST',
  path: '/events/verify',
  scope: READ,
  summary:
    'Read the log and check that nothing was changed, taken out or cut off; seconds for a million events',
  body: z.strictObject({
    checkpoints: z
      .array(z.string().max(5000))
      .max(KNOWN_MAX)
      .optional()
      .describe('Those that were kept elsewhere, as compact JWS'),
    last: z
      .int()
      .min(1)
      .optional()
      .describe('So many events at the end; the one before them is believed. Default: all'),
  }),
  answer: chainReportDocument,
  outside: true,
  async run({ db, secrets, config }, { body: { checkpoints: known = [], last } }) {
    const signal = AbortSignal.timeout(VERIFY_MAX_MS);
    const context = { pool: db.pool, keys: checkpointKeys(secrets), issuer: config.issuer, signal };
    try {
      const report = await aloneVerifying(db.pool, () => verifyChain(context, { known, last }));
      if (report) return chainReportToJson(report);
    } catch (error) {
      if (error !== signal.reason) throw error;
      const message = `That is more than can be read in ${VERIFY_MAX_MS / 1000} s: fewer of the last events, or guichet audit verify for all.`;
      throw new AppError('log_too_long', message, { status: 409, cause: error });
    }
    throw httpError('too_many_requests', 'The log is being read for somebody else already. One at a time.', {
      retryAfterSeconds: VERIFY_RETRY_SECONDS,
    });
  },
});

export const auditOperations: readonly Operation[] = [
  searchEventsOperation,
  verifyLogOperation,
  listCheckpointsOperation,
  listCheckpointKeysOperation,
];
