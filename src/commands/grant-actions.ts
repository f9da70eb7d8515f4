import { grantToJson } from '../documents/grant.ts';
import { cursorOfMade, cut } from '../documents/page.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { z } from 'zod';

import { getGrantSummary, listGrants, type GrantSummary } from '../grants/list-grants.ts';
import { revoke } from '../revocation/revoke.ts';
import { ACTOR } from './actor.ts';
import { fields, moment, paragraphs, table } from './outcome.ts';
import { pageOptions, parseArgument, parseOptions } from './parse.ts';
import { endedInWords } from './revoked.ts';
import type { Action } from './run.ts';
import { getUserByName } from './user-actions.ts';

const listOptions = pageOptions
  .omit({ search: true })
  .extend({ user: z.string().optional(), client: z.string().optional() });

export const list: Action = async ({ db, clock }, { options }) => {
  const { limit, after, user, client } = parseOptions(listOptions, options);
  const accountId = user === undefined ? undefined : (await getUserByName(db.knex, user)).id;
  const query = { accountId, clientId: client, after, now: clock.now(), limit: limit + 1 };
  const { items, next } = cut(await listGrants(db.knex, query), limit, cursorOfMade);
  const rows = items.map((grant) => [
    grant.id,
    grant.accountId,
    grant.clientId,
    moment(grant.createdAt),
    moment(grant.expiresAt),
    scopesOf(grant).join(' '),
  ]);
  return {
    json: { grants: items.map(grantToJson), next },
    text: paragraphs(
      items.length === 0
        ? 'Nobody has allowed any client anything.'
        : table(['GRANT', 'ACCOUNT', 'CLIENT', 'SINCE', 'UNTIL', 'SCOPES'], rows),
      next !== null && `There are more: --after ${next}`,
    ),
  };
};

export const show: Action = async ({ db, clock }, { args }) => {
  const grant = await getGrantSummary(db.knex, parseArgument(args, 0, 'grant'), clock.now());
  return {
    json: grantToJson(grant),
    text: fields([
      ['id', grant.id],
      ['account', grant.accountId],
      ['client', grant.clientId],
      ['since', moment(grant.createdAt)],
      ['until', moment(grant.expiresAt)],
      ['scopes', grant.scopes.join(' ')],
      ...Object.entries(grant.resources).map(([api, scopes]) => [api, scopes.join(' ')] as const),
    ]),
  };
};

export const end: Action = async (context, { args }) => {
  const { db, clock } = context;
  const { id } = await getGrantSummary(db.knex, parseArgument(args, 0, 'grant'), clock.now());
  const revoked = await revoke(context, { grant: id }, ACTOR);
  return {
    json: { id, ...revokedMembers(revoked) },
    text: `The grant has ended, and with it ${endedInWords(revoked)}`,
  };
};

function scopesOf({ scopes, resources }: GrantSummary): string[] {
  return [...scopes, ...Object.values(resources).flat()];
}
