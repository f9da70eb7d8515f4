import { z } from 'zod';

import { clientNotFound } from '../clients/not-found.ts';
import { findClient } from '../clients/store.ts';
import { identifier, instant } from '../documents/document.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import { endToken, tokenNotFound } from '../inspection/end-token.ts';
import { findKey } from '../keys/store.ts';
import { apiNotFound } from '../resources/not-found.ts';
import { findApi } from '../resources/store.ts';
import { revoke } from '../revocation/revoke.ts';
import type { RevokeTarget } from '../revocation/token.ts';
import type { AdminContext } from './context.ts';
import { operation } from './define.ts';
import { getAccount } from './get-account.ts';

const TOKEN_LENGTH_MAX = 50_000;

const targets = z
  .strictObject({
    token: z
      .string()
      .min(1)
      .max(TOKEN_LENGTH_MAX)
      .describe('Of any kind; a refresh token ends its whole grant'),
    jti: identifier.describe('The access token with this `jti`'),
    grant_id: identifier.describe('What a person allowed one client, once'),
    session_id: identifier.describe('One browser sign-in'),
    account_id: identifier.describe('Everything of a person'),
    client_id: identifier.describe('Everything of a client'),
    api_id: identifier.describe('Every token for an API'),
    kid: identifier.describe('Every token signed with this key; see also keys.revoke'),
    issued_before: instant.describe('Everything older'),
  })
  .partial()
  .refine((given) => Object.values(given).filter((value) => value !== undefined).length === 1, {
    message: 'Say what to revoke, with exactly one member.',
  })
  .meta({ minProperties: 1, maxProperties: 1 });

export const revokeTokensOperation = operation({
  id: 'tokens.revoke',
  command: 'tokens revoke',
  method: 'POST',
  path: '/tokens/revoke',
  scope: 'admin:tokens:write',
  summary: 'End tokens, with everything that could make new ones; names exactly one target',
  body: targets,
  answer: revokedDocument,
  async run(context, { body, operator: { actor } }) {
    if (body.token !== undefined) return revokedMembers(await endToken(context, body.token, actor));
    return revokedMembers(await revoke(context, await targetOf(context, body), actor));
  },
});

/** An id that nobody has is a mistake: better said than answered with 0 tokens. */
async function targetOf(context: AdminContext, body: z.output<typeof targets>): Promise<RevokeTarget> {
  const { knex } = context.db;
  const { jti, grant_id: grant, session_id: session, kid } = body;
  if (jti !== undefined) return { jti };
  if (grant !== undefined) return { grant };
  if (session !== undefined) return { session };
  if (body.account_id !== undefined) return { account: (await getAccount(context, body.account_id)).id };
  if (body.client_id !== undefined) {
    if (!(await findClient(knex, body.client_id))) throw clientNotFound();
    return { client: body.client_id };
  }
  if (body.api_id !== undefined) {
    if (!(await findApi(knex, body.api_id))) throw apiNotFound();
    return { api: body.api_id };
  }
  if (kid !== undefined) {
    if (!(await findKey(knex, kid))) throw tokenNotFound('There is no such key.');
    return { key: kid };
  }
  return { issuedBefore: new Date(body.issued_before ?? context.clock.now()) };
}
