import { z } from 'zod';

import { SIGNING_ALGS } from '../keys/key.ts';
import { rotateKeys } from '../keys/rotate-keys.ts';
import { listKeys } from '../keys/store.ts';
import { revokeKey } from '../revocation/revoke-key.ts';
import { ACTOR } from './actor.ts';
import { moment, table } from './outcome.ts';
import { parseOptions } from './parse.ts';
import { keySince, keyToJson, rotationToJson } from '../documents/key.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { endedInWords } from './revoked.ts';
import type { Action } from './run.ts';

export const list: Action = async ({ db }) => {
  const keys = await listKeys(db.knex);
  const rows = keys.map((key) => [key.kid, key.alg, key.state, moment(keySince(key))]);
  const none = 'There are no keys yet: the server makes them at its first start.';
  return {
    json: { keys: keys.map(keyToJson) },
    text: keys.length === 0 ? none : table(['KEY ID', 'ALG', 'STATE', 'SINCE'], rows),
  };
};

const rotateOptions = z.object({ alg: z.enum(SIGNING_ALGS).optional(), now: z.boolean().default(false) });

export const rotate: Action = async (context, { options }) => {
  const { alg, now } = parseOptions(rotateOptions, options);
  const rotations = await rotateKeys(context, { alg, now, actor: ACTOR });
  const rows = rotations.map((rotation) => [
    rotation.alg,
    rotation.kid,
    rotation.state === 'active' ? 'signs now' : `signs in about ${context.config.keys.publishSeconds} s`,
  ]);
  return {
    json: { rotations: rotations.map(rotationToJson) },
    text: table(['ALG', 'SUCCESSOR', ''], rows),
  };
};

export const revoke: Action = async (context, { options }) => {
  const { kid } = parseOptions(z.object({ kid: z.string() }), options);
  const revoked = await revokeKey(context, kid, ACTOR);
  return {
    json: { kid, ...revokedMembers(revoked) },
    text: `The key ${kid} is revoked, ${endedInWords(revoked)} APIs that follow the stream drop the key itself at once, every other when it fetches the JWKS next.`,
  };
};
