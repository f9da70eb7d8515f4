import { z } from 'zod';

import {
  REGISTRATION_TOKEN_TTL_SECONDS_MAX,
  registrationTokenToJson,
} from '../documents/registration-token.ts';
import { createInitialAccessToken } from '../grants/create-initial-access-token.ts';
import { ACTOR } from './actor.ts';
import { fields, moment, paragraphs } from './outcome.ts';
import { parseOptions, wholeNumber } from './parse.ts';
import type { Action } from './run.ts';

const TTL_SECONDS = 3600;

const schema = z.object({
  ttl: wholeNumber
    .pipe(
      z
        .number()
        .min(1, 'must be at least 1')
        .max(REGISTRATION_TOKEN_TTL_SECONDS_MAX, `must be at most ${REGISTRATION_TOKEN_TTL_SECONDS_MAX}`),
    )
    .default(TTL_SECONDS),
});

export const create: Action = async (context, { options }) => {
  const { ttl } = parseOptions(schema, options);
  const made = await createInitialAccessToken(context, { ttlSeconds: ttl, actor: ACTOR });
  const { token, expiresAt } = made;
  const example =
    `  curl ${context.config.issuer}/reg -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' \\\n` +
    `    -d '{"client_name":"Example","redirect_uris":["https://app.example.com/callback"]}'`;
  const details = fields([
    ['token', token],
    ['expires', moment(expiresAt)],
  ]);
  return {
    json: registrationTokenToJson(made),
    text: paragraphs(
      `The token is shown this once:\n\n${details}`,
      `An application registers itself with it:\n${example}`,
    ),
  };
};
