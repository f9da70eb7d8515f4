import { z } from 'zod';

import { clientNotFound } from '../clients/not-found.ts';
import { revokeSecret } from '../clients/revoke-secret.ts';
import { rotateSecret } from '../clients/rotate-secret.ts';
import { isLive } from '../clients/secret.ts';
import { findClient } from '../clients/store.ts';
import { ACTOR } from './actor.ts';
import { SHOWN_ONCE } from './client-actions.ts';
import { fields, moment, paragraphs, table } from './outcome.ts';
import { parseArgument, parseOptions, wholeNumber } from './parse.ts';
import { rotatedSecretToJson, secretToJson } from '../documents/client.ts';
import type { Action } from './run.ts';

const DAY_SECONDS = 86_400;

const rotated = z.object({ overlap: wholeNumber.optional(), expiresIn: wholeNumber.optional() });

export const rotate: Action = async (context, { args, options }) => {
  const id = parseArgument(args, 0, 'client');
  const { overlap, expiresIn } = parseOptions(rotated, options);
  const made = await rotateSecret(context, id, {
    overlapSeconds: overlap,
    ttlSeconds: expiresIn === undefined ? undefined : expiresIn * DAY_SECONDS,
    actor: ACTOR,
  });
  const { secret, expiresAt, previousExpiresAt } = made;
  const previous = previousExpiresAt
    ? `The previous secret goes on working until ${moment(previousExpiresAt)}.`
    : 'No previous secret works any more.';
  const shown = fields([
    ['client_id', id],
    ['client_secret', secret],
    ['expires', moment(expiresAt)],
  ]);
  return {
    json: rotatedSecretToJson(made),
    text: paragraphs(`${SHOWN_ONCE}\n\n${shown}`, previous),
  };
};

export const list: Action = async ({ db, clock }, { args }) => {
  const client = await findClient(db.knex, parseArgument(args, 0, 'client'));
  if (!client) throw clientNotFound();
  const now = clock.now();
  const rows = client.secrets.map((secret) => [
    secret.id,
    `${secret.hint}…`,
    moment(secret.createdAt),
    secret.expiresAt === null
      ? 'never'
      : `${moment(secret.expiresAt)}${isLive(secret, now) ? '' : ' (over)'}`,
    moment(secret.lastUsedAt) || 'never',
  ]);
  return {
    json: { client_id: client.id, secrets: client.secrets.map(secretToJson) },
    text:
      rows.length === 0
        ? 'This client has no secret.'
        : table(['ID', 'BEGINS', 'CREATED', 'EXPIRES', 'LAST USED'], rows),
  };
};

export const revoke: Action = async (context, { args }) => {
  const clientId = parseArgument(args, 0, 'client');
  const secretId = parseArgument(args, 1, 'secret');
  const client = await revokeSecret(context, { clientId, secretId, actor: ACTOR });
  return {
    json: { client_id: clientId, secrets: client.secrets.map(secretToJson) },
    text: `The secret ${secretId} works no more. Tokens that it brought live on until they expire or are revoked.`,
  };
};
