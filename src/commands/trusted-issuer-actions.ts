import { z } from 'zod';

import { deleteTrustedIssuer } from '../revocation/delete-trusted-issuer.ts';
import { createTrustedIssuer } from '../upstream/create-trusted-issuer.ts';
import { getTrustedIssuer, listTrustedIssuers } from '../upstream/trusted-issuer-store.ts';
import type { TrustedIssuer } from '../upstream/trusted-issuer.ts';
import { ACTOR } from './actor.ts';
import { COMMAND } from './command-name.ts';
import { fields, paragraphs, table } from './outcome.ts';
import { parseArgument, parseOptions, wholeNumber } from './parse.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { trustedIssuerToJson } from '../documents/trusted-issuer.ts';
import { endedInWords } from './revoked.ts';
import type { Action } from './run.ts';

const createOptions = z.object({
  identityProvider: z.string(),
  audience: z.string().optional(),
  jwksUri: z.string().optional(),
  alg: z.array(z.string()).optional(),
  maxAge: wholeNumber.optional(),
  oneTime: z.boolean().default(false),
});

export const create: Action = async (context, { args, options: given }) => {
  const options = parseOptions(createOptions, given);
  const issuer = await createTrustedIssuer(context, {
    issuer: parseArgument(args, 0, 'issuer'),
    provider: options.identityProvider,
    audience: options.audience,
    jwksUri: options.jwksUri,
    algs: options.alg,
    maxAgeSeconds: options.maxAge,
    oneTime: options.oneTime,
    actor: ACTOR,
  });
  return {
    json: trustedIssuerToJson(issuer),
    text: paragraphs(
      'The issuer is trusted.',
      inWords(issuer),
      `No client may exchange its tokens yet:\n  ${COMMAND} clients update <client> --exchange-issuer ${issuer.issuer}`,
    ),
  };
};

export const list: Action = async ({ db }) => {
  const issuers = await listTrustedIssuers(db.knex);
  const rows = issuers.map(({ id, issuer, audience, algs }) => [id, issuer, audience, algs.join(' ')]);
  return {
    json: { trusted_issuers: issuers.map(trustedIssuerToJson) },
    text:
      issuers.length === 0
        ? 'No foreign issuer is trusted.'
        : table(['ID', 'ISSUER', 'AUDIENCE', 'ALGORITHMS'], rows),
  };
};

export const show: Action = async ({ db }, { args }) => {
  const issuer = await getTrustedIssuer(db.knex, parseArgument(args, 0, 'issuer'));
  return { json: trustedIssuerToJson(issuer), text: inWords(issuer) };
};

export const remove: Action = async (context, { args }) => {
  const name = parseArgument(args, 0, 'issuer');
  const revoked = await deleteTrustedIssuer(context, name, ACTOR);
  return {
    json: { issuer: name, ...revokedMembers(revoked) },
    text: `The issuer ${name} is trusted no more, ${endedInWords(revoked)}`,
  };
};

function inWords(issuer: TrustedIssuer): string {
  return fields([
    ['id', issuer.id],
    ['issuer', issuer.issuer],
    ['audience', issuer.audience],
    ['keys', issuer.jwksUri ?? 'found by discovery'],
    ['algorithms', issuer.algs.join(' ')],
    ['greatest age', `${issuer.maxAgeSeconds} s`],
    ['each token', issuer.oneTime ? 'once' : 'as often as it lives'],
  ]);
}
