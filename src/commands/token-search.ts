import { z } from 'zod';

import { cut, toCursor } from '../documents/page.ts';
import { tokenToJson } from '../documents/token.ts';
import { tokenNotFound } from '../inspection/end-token.ts';
import { listApis } from '../resources/store.ts';
import {
  findLedgerRow,
  searchTokens,
  stateOf,
  TOKEN_STATES,
  type LedgerRow,
} from '../revocation/search-tokens.ts';
import { getApiByName } from './api-actions.ts';
import type { CommandContext } from './context.ts';
import { fields, moment, paragraphs, table } from './outcome.ts';
import { pageOptions, parseArgument, parseOptions } from './parse.ts';
import type { Action } from './run.ts';
import { getUserByName } from './user-actions.ts';
import { whenOption } from './when.ts';

const listOptions = pageOptions.omit({ search: true }).extend({
  user: z.string().optional(),
  client: z.string().optional(),
  api: z.string().optional(),
  grant: z.string().optional(),
  session: z.string().optional(),
  key: z.string().optional(),
  state: z.enum(TOKEN_STATES).optional(),
  issuedFrom: whenOption.optional(),
  issuedBefore: whenOption.optional(),
});

/** Access tokens in the ledger, the youngest first. */
export const list: Action = async (context, { options }) => {
  const { db, clock } = context;
  const { limit, after, user, api, issuedFrom, issuedBefore, ...by } = parseOptions(listOptions, options);
  const now = clock.now();
  const found = await searchTokens(db.knex, {
    accountId: user === undefined ? undefined : (await getUserByName(db.knex, user)).id,
    clientId: by.client,
    apiId: api === undefined ? undefined : (await getApiByName(db.knex, api)).id,
    grantId: by.grant,
    sessionUid: by.session,
    kid: by.key,
    state: by.state,
    issuedFrom: issuedFrom?.(now),
    issuedBefore: issuedBefore?.(now),
    after,
    now,
    limit: limit + 1,
  });
  const { items, next } = cut(found, limit, ({ issuedAt: at, id }) => toCursor({ at, id }));
  const audiences = await audiencesOf(context);
  const rows = items.map((row) => [
    row.id,
    stateOf(row, now),
    moment(row.issuedAt),
    moment(row.expiresAt),
    row.clientId,
    row.accountId ?? '',
    audiences.get(row.apiId) ?? row.apiId,
  ]);
  const headers = ['TOKEN', 'STATE', 'ISSUED', 'EXPIRES', 'CLIENT', 'ACCOUNT', 'API'];
  return {
    json: { tokens: items.map((row) => tokenToJson(row, { audiences, now })), next },
    text: paragraphs(
      items.length === 0 ? 'No token of the kind is in the ledger.' : table(headers, rows),
      next !== null && `There are more: --after ${next}`,
    ),
  };
};

export const show: Action = async (context, { args }) => {
  const row = await getLedgerRow(context, parseArgument(args, 0, 'token'));
  const now = context.clock.now();
  const audiences = await audiencesOf(context);
  return {
    json: tokenToJson(row, { audiences, now }),
    text: fields([
      ['id', row.id],
      ['state', stateOf(row, now)],
      ['client', row.clientId],
      ['account', row.accountId],
      ['API', audiences.get(row.apiId) ?? row.apiId],
      ['grant', row.grantId],
      ['session', row.sessionUid],
      ['key', row.kid],
      ['issued', moment(row.issuedAt)],
      ['expires', moment(row.expiresAt)],
      ['revoked', moment(row.revokedAt)],
    ]),
  };
};

/** By its id in the ledger. Throws `token_not_found`. */
export async function getLedgerRow({ db }: Pick<CommandContext, 'db'>, id: string): Promise<LedgerRow> {
  const row = await findLedgerRow(db.knex, id);
  if (!row) throw tokenNotFound('There is no such token, or it expired long ago.');
  return row;
}

async function audiencesOf({ db }: CommandContext): Promise<ReadonlyMap<string, string>> {
  return new Map((await listApis(db.knex)).map(({ id, audience }) => [id, audience]));
}
