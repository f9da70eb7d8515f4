import type { z } from 'zod';

import type { Explanation } from '../../views/locals/console-tokens.ts';
import { perform } from '../admin/perform.ts';
import { endTokenOperation, inspectTokenOperation, searchTokensOperation } from '../admin/tokens.ts';
import type { tokenExplanationDocument } from '../documents/token-explanation.ts';
import { listApis } from '../resources/store.ts';
import { TOKEN_STATES } from '../revocation/search-tokens.ts';
import { jtiDigest } from '../revocation/token.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { command } from './equivalents.ts';
import { pageOf } from './list.ts';
import { namesOf, personOf } from './names.ts';
import { can } from './operator.ts';
import { partyOf } from './party.ts';
import { show } from './show.ts';
import { endedInWords } from './words.ts';

type Document = z.output<typeof tokenExplanationDocument>;

/** More than are chosen from. */
const APIS_MAX = 200;

const FILTERS = ['client_id', 'account_id', 'api_id', 'state'] as const;

export const tokens: Screen = {
  path: '/tokens',
  scope: 'admin:tokens:read',
  entry: { group: 'Tokens', label: 'Access tokens' },
  get: (context, visit) => showTokens(context, visit, undefined),
  actions: { inspect: { look: inspect }, end: { run: end, fresh: true } },
};

/** The token is in the body, used for the answer, and kept nowhere. */
async function inspect(context: ConsoleContext, visit: Visit): Promise<void> {
  const body = { token: (visit.fields['token'] ?? '').trim() };
  const { document } = await perform(context, inspectTokenOperation, { body }, visit.operator);
  return showTokens(context, visit, explain(document));
}

async function showTokens(
  context: ConsoleContext,
  visit: Visit,
  explanation: Explanation | undefined,
): Promise<void> {
  const { given, query, pager } = pageOf(visit, FILTERS);
  const account = given.account_id;
  const asked = account === undefined ? {} : { account_id: await personOf(context, visit, account) };
  const { document } = await perform(
    context,
    searchTokensOperation,
    { query: { ...query, ...asked } },
    visit.operator,
  );
  const names = await namesOf(context, visit, {
    accounts: document.tokens.flatMap(({ account_id: id }) => id ?? []),
    clients: document.tokens.map(({ client_id: id }) => id),
  });
  show(context, visit, 'console-tokens', {
    filters: {
      client: given.client_id ?? '',
      account: given.account_id ?? '',
      api: given.api_id ?? '',
      state: given.state ?? '',
    },
    apis: can(visit.operator, 'admin:apis:read')
      ? (await listApis(context.db.knex)).slice(0, APIS_MAX).map(({ id, audience }) => ({ id, audience }))
      : [],
    states: [...TOKEN_STATES],
    pager: pager(document.next),
    tokens: document.tokens.map((token) => ({
      id: token.id,
      client: partyOf(`client:${token.client_id}`, names),
      person: token.account_id === null ? undefined : partyOf(`account:${token.account_id}`, names),
      audience: token.audience ?? 'of an API that is deleted',
      state: token.state,
      isAlive: token.state === 'live',
      issuedAt: new Date(token.issued_at),
      expiresAt: new Date(token.expires_at),
    })),
    explanation,
    mayWrite: can(visit.operator, 'admin:tokens:write'),
  });
}

async function end(context: ConsoleContext, { fields, operator }: Visit): Promise<Done> {
  const params = { token_id: fields['token_id'] ?? '' };
  const { document } = await perform(context, endTokenOperation, { params }, operator);
  const message = `The token is revoked, ${endedInWords(document)}`;
  const line = command('tokens revoke', ['--id', params.token_id]);
  return { to: '/tokens', notice: { message, command: line } };
}

function explain(document: Document): Explanation {
  const rows: readonly (readonly [string, string | null | undefined])[] = [
    ['Revoked by', document.revoked_by?.actor],
    ['Because of', document.revoked_by && `${document.revoked_by.target} ${document.revoked_by.target_id}`],
    ['Occasion', document.revoked_by?.occasion],
    ['Client', inWords(document.client)],
    ['User', inWords(document.user)],
    ['API', document.api && `${document.api.audience} (${document.api.state})`],
    ['Scopes', document.scopes.map(({ name }) => name).join(' ')],
    ['Signed by', document.signed_by && `${document.signed_by.kid} (${document.signed_by.state})`],
    ['Signature', document.signature],
    ['Bound by', document.sender_constraint?.method],
    ['Grant', document.grant && `${document.grant.id} (${document.grant.state})`],
    ['Session', document.session && `${document.session.id} (${document.session.state})`],
  ];
  const facts = rows.flatMap(([label, value]) => (value ? [{ label, value }] : []));
  const times = [
    { label: 'Issued', at: document.issued_at },
    { label: 'Expires', at: document.expires_at },
    { label: 'Revoked', at: document.revoked_at },
  ].flatMap(({ label, at }) => (at === null ? [] : [{ label, at: new Date(at) }]));
  return {
    what: document.what_in_words,
    summary: document.summary,
    verifiers: document.verifiers.in_words,
    isAlive: document.active,
    tokenId: ledgerIdOf(document),
    times,
    facts,
    claims: document.claims === undefined ? undefined : JSON.stringify(document.claims, null, 2),
  };
}

/** What is revoked alone: an access token that we have signed. */
function ledgerIdOf({ active, ledger, signature, claims }: Document): string | undefined {
  const jti = claims?.['jti'];
  const isOurs = active && ledger !== undefined && signature === 'valid' && typeof jti === 'string';
  return isOurs ? jtiDigest(jti).toString('hex') : undefined;
}

function inWords(party: Document['client']): string | null {
  return party && `${party.name ?? party.id} (${party.state})`;
}
