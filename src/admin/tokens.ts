import { z } from 'zod';

import { identifier, instant, text } from '../documents/document.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import { tokenExplanationToJson, tokenExplanationDocument } from '../documents/token-explanation.ts';
import { tokenDocument, tokenToJson } from '../documents/token.ts';
import { tokenNotFound } from '../inspection/end-token.ts';
import { explainToken } from '../inspection/explain-token.ts';
import { listApis } from '../resources/store.ts';
import { revoke } from '../revocation/revoke.ts';
import { findLedgerRow, searchTokens, TOKEN_STATES, type LedgerRow } from '../revocation/search-tokens.ts';
import type { AdminContext } from './context.ts';
import { cut, toCursor } from '../documents/page.ts';
import { operation, pageOf, pageQuery } from './define.ts';
import type { Operation } from './operation.ts';
import { revokeTokensOperation } from './revoke-tokens.ts';

const READ = 'admin:tokens:read';
const WRITE = 'admin:tokens:write';

const params = z.strictObject({ token_id: z.string().regex(/^[0-9a-f]{64}$/) });

export const searchTokensOperation = operation({
  id: 'tokens.search',
  command: 'tokens list',
  method: 'GET',
  path: '/tokens',
  scope: READ,
  summary: 'Access tokens in the ledger, the youngest first',
  query: pageQuery.extend({
    account_id: identifier.optional(),
    client_id: identifier.optional(),
    api_id: identifier.optional(),
    grant_id: identifier.optional(),
    session_id: identifier.optional(),
    kid: identifier.optional(),
    state: z.enum(TOKEN_STATES).optional(),
    issued_from: instant.optional(),
    issued_before: instant.optional(),
  }),
  answer: pageOf('tokens', tokenDocument),
  async run(context, { query }) {
    const now = context.clock.now();
    const found = await searchTokens(context.db.knex, {
      accountId: query.account_id,
      clientId: query.client_id,
      apiId: query.api_id,
      grantId: query.grant_id,
      sessionUid: query.session_id,
      kid: query.kid,
      state: query.state,
      issuedFrom: dateOf(query.issued_from),
      issuedBefore: dateOf(query.issued_before),
      after: query.after,
      now,
      limit: query.limit + 1,
    });
    const { items, next } = cut(found, query.limit, ({ issuedAt: at, id }) => toCursor({ at, id }));
    const audiences = await audiencesOf(context);
    return { tokens: items.map((row) => tokenToJson(row, { audiences, now })), next };
  },
});

export const showTokenOperation = operation({
  id: 'tokens.show',
  command: 'tokens show',
  method: 'GET',
  path: '/tokens/{token_id}',
  scope: READ,
  summary: 'One access token in the ledger',
  params,
  answer: tokenDocument,
  async run(context, { params: { token_id: id } }) {
    const row = await getRow(context, id);
    return tokenToJson(row, { audiences: await audiencesOf(context), now: context.clock.now() });
  },
});

export const endTokenOperation = operation({
  id: 'tokens.end',
  command: 'tokens revoke',
  method: 'DELETE',
  path: '/tokens/{token_id}',
  scope: WRITE,
  summary: 'End one access token, with what it was exchanged for',
  params,
  answer: revokedDocument,
  async run(context, { params: { token_id: digest }, operator: { actor } }) {
    const { expiresAt } = await getRow(context, digest);
    return revokedMembers(await revoke(context, { digest, expiresAt }, actor));
  },
});

/** Of a JWT; longer ones are not ours. */
const TOKEN_LENGTH_MAX = 50_000;

export const inspectTokenOperation = operation({
  id: 'tokens.inspect',
  command: 'tokens inspect',
  method: 'POST',
  path: '/tokens/inspect',
  scope: READ,
  summary: 'What a token of any kind is, who may use it where, and whether and why it is dead',
  body: z.strictObject({
    token: z.string().min(1).max(TOKEN_LENGTH_MAX),
    audience: text.optional().describe('Would the API with this audience accept it?'),
    scope: text.optional().describe('Would an API accept it that asks for these, separated by spaces?'),
  }),
  answer: tokenExplanationDocument,
  outside: true,
  run: async (context, { body: { token, ...asked } }) =>
    tokenExplanationToJson(await explainToken(context, token, asked)),
});

export const tokenOperations: readonly Operation[] = [
  searchTokensOperation,
  inspectTokenOperation,
  revokeTokensOperation,
  showTokenOperation,
  endTokenOperation,
];

async function getRow({ db }: AdminContext, id: string): Promise<LedgerRow> {
  const row = await findLedgerRow(db.knex, id);
  if (!row) throw tokenNotFound('There is no such token, or it expired long ago.');
  return row;
}

async function audiencesOf({ db }: AdminContext): Promise<ReadonlyMap<string, string>> {
  return new Map((await listApis(db.knex)).map(({ id, audience }) => [id, audience]));
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}
