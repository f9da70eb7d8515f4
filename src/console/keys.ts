import { listKeysOperation, revokeKeyOperation, rotateKeysOperation } from '../admin/keys.ts';
import { perform } from '../admin/perform.ts';
import { httpError } from '../http/errors.ts';
import { SIGNING_ALGS } from '../keys/key.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { command } from './equivalents.ts';
import { filled } from './form.ts';
import { can } from './operator.ts';
import { show } from './show.ts';
import { count } from '../words.ts';
import { endedInWords } from './words.ts';

export const keys: Screen = {
  path: '/keys',
  scope: 'admin:keys:read',
  entry: { group: 'Tokens', label: 'Keys' },
  async get(context, visit) {
    const { document } = await perform(context, listKeysOperation, {}, visit.operator);
    show(context, visit, 'console-keys', {
      keys: document.keys.toReversed().map((key) => ({
        kid: key.kid,
        alg: key.alg,
        state: key.state,
        since: new Date(
          key.revoked_at ?? key.retired_at ?? key.activated_at ?? key.published_at ?? key.created_at,
        ),
        mayRevoke: key.state !== 'revoked',
      })),
      algs: [...SIGNING_ALGS],
      equivalent: { command: command('keys rotate') },
      mayWrite: can(visit.operator, 'admin:keys:write'),
    });
  },
  actions: { rotate: { run: rotate, fresh: true }, revoke: { run: revoke, fresh: true } },
};

async function rotate(context: ConsoleContext, { fields, operator }: Visit): Promise<Done> {
  const alg = filled(fields['alg']);
  const body = {
    ...(alg === undefined ? {} : { alg: alg as (typeof SIGNING_ALGS)[number] }),
    now: fields['now'] === 'on',
  };
  const { document } = await perform(context, rotateKeysOperation, { body }, operator);
  const message = `${count(document.rotations.length, 'successor')} made. ${body.now ? 'They sign from now on.' : 'They sign once every verifier can have them.'}`;
  const line = command('keys rotate', ['--alg', alg], ...(body.now ? ['--now'] : []));
  return { to: '/keys', notice: { message, command: line } };
}

async function revoke(context: ConsoleContext, { fields, operator }: Visit): Promise<Done> {
  const kid = filled(fields['kid']) ?? '';
  if (fields['confirmation'] !== kid.slice(0, CONFIRMED_LENGTH)) {
    throw httpError(
      'invalid_request',
      `To revoke the key, type the first ${CONFIRMED_LENGTH} characters of its id.`,
    );
  }
  const { document } = await perform(context, revokeKeyOperation, { params: { kid } }, operator);
  const message = `The key is revoked, ${endedInWords(document)}`;
  return { to: '/keys', notice: { message, command: command('keys revoke', ['--kid', kid]) } };
}

/** Enough to tell two keys apart, and few enough to type. */
const CONFIRMED_LENGTH = 6;
