import { z } from 'zod';

import { clientNotFound } from '../clients/not-found.ts';
import { findClient } from '../clients/store.ts';
import { findKey } from '../keys/store.ts';
import { endToken, tokenNotFound } from '../inspection/end-token.ts';
import { revoke, type Revoked } from '../revocation/revoke.ts';
import type { RevokeTarget } from '../revocation/token.ts';
import { ACTOR } from './actor.ts';
import { getApiByName } from './api-actions.ts';
import type { CommandContext } from './context.ts';
import type { Outcome } from './outcome.ts';
import { parseOptions } from './parse.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { endedInWords } from './revoked.ts';
import type { Action } from './run.ts';
import { readSecret } from './stdin.ts';
import { getLedgerRow } from './token-search.ts';
import { UsageError } from './usage-error.ts';
import { getUserByName } from './user-actions.ts';

const schema = z
  .object({
    tokenStdin: z.literal(true),
    id: z.string(),
    jti: z.string(),
    grant: z.string(),
    session: z.string(),
    user: z.string(),
    client: z.string(),
    api: z.string(),
    key: z.string(),
    issuedBefore: z.string(),
  })
  .partial();

export const revokeTokens: Action = async (context, { options }) => {
  const { json: _json, ...given } = options;
  const chosen = parseOptions(schema, given);
  if (Object.keys(chosen).length !== 1) throw new UsageError('Say what to revoke, with exactly one option.');
  if (chosen.tokenStdin) return said(await endToken(context, await readSecret('the token'), ACTOR));
  const target = await targetOf(context, chosen);
  return said(await revoke(context, target, ACTOR));
};

async function targetOf(context: CommandContext, chosen: z.output<typeof schema>): Promise<RevokeTarget> {
  const { db, clock } = context;
  const { id, jti, grant, session, user, client, api, key, issuedBefore } = chosen;
  if (id !== undefined) {
    const row = await getLedgerRow(context, id);
    return { digest: row.id, expiresAt: row.expiresAt };
  }
  if (jti !== undefined) return { jti };
  if (grant !== undefined) return { grant };
  if (session !== undefined) return { session };
  if (user !== undefined) return { account: (await getUserByName(db.knex, user)).id };
  // A name that nobody has is a typing error: better said than answered with 0 tokens.
  if (client !== undefined && !(await findClient(db.knex, client))) throw clientNotFound();
  if (client !== undefined) return { client };
  if (api !== undefined) return { api: (await getApiByName(db.knex, api)).id };
  if (key !== undefined && !(await findKey(db.knex, key))) throw tokenNotFound('There is no such key.');
  if (key !== undefined) return { key };
  return { issuedBefore: issuedBefore === 'now' ? clock.now() : parseTime(issuedBefore) };
}

function said(revoked: Revoked): Outcome {
  return { json: revokedMembers(revoked), text: `Done: ${endedInWords(revoked, 'access token')}` };
}

/** With a zone, so that nobody revokes an hour too much or too little. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/;

function parseTime(text: string | undefined): Date {
  const time = text !== undefined && TIME.test(text) ? new Date(text) : undefined;
  if (!time || Number.isNaN(time.getTime())) {
    throw new UsageError(
      '--issued-before must be an ISO 8601 time with its zone, like 2026-01-31T12:00:00Z, or now.',
    );
  }
  return time;
}
