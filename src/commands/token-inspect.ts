import type { Artifact } from '../grants/artifact.ts';
import { fields, moment, paragraphs, type Outcome } from './outcome.ts';
import type { Action } from './run.ts';
import { readSecret } from './stdin.ts';
import { readToken, type ReadToken } from './token-reading.ts';

export const inspect: Action = async (context) => {
  const token = (await readSecret('the token')).trim();
  const now = context.clock.now();
  const read = await readToken(context, token);
  if (read.kind === 'jwt') return inspectJwt(read, now);
  if (read.kind === 'opaque') return inspectOpaque(read.artifact, now);
  return {
    json: { kind: 'unknown', active: false },
    text: 'This is no token of this server, or one that has expired and was cleared away.',
  };
};

type Jwt = Extract<ReadToken, { kind: 'jwt' }>;
type State = 'active' | 'expired' | 'revoked' | 'not-recorded' | 'not-ours';

const STATES: Record<State, string> = {
  active: 'alive',
  expired: 'dead: expired',
  revoked: 'dead: revoked',
  // Only access tokens are in the ledger; the row is written before the token leaves, so one without it was never issued.
  'not-recorded': 'not in the ledger: not an access token of ours, or one that expired long ago',
  'not-ours': 'not to be believed: no key of ours signed this',
};

function inspectJwt(jwt: Jwt, now: Date): Outcome {
  const { header, claims, signature, key, entry } = jwt;
  const state = stateOf(jwt, now);
  const json = {
    kind: 'jwt',
    active: state === 'active',
    state,
    signature,
    key_state: key?.state ?? null,
    header,
    claims,
    ledger: entry && {
      client_id: entry.clientId,
      api_id: entry.apiId,
      grant_id: entry.grantId,
      session_id: entry.sessionUid,
      account_id: entry.accountId,
      issued_at: entry.issuedAt,
      expires_at: entry.expiresAt,
      revoked_at: entry.revokedAt,
    },
  };
  const verdict = fields([
    ['state', STATES[state]],
    ['signature', `${signature}${key ? `, key ${key.kid} (${key.state})` : ''}`],
    ['expires', typeof claims.exp === 'number' ? moment(new Date(claims.exp * 1000)) : 'never'],
    ['revoked', entry?.revokedAt ? moment(entry.revokedAt) : undefined],
    ['grant', entry?.grantId],
    ['session', entry?.sessionUid],
  ]);
  const said = [...Object.entries(header), ...Object.entries(claims)].map(
    ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
  );
  return { json, text: paragraphs(verdict, `It says:\n${fields(said)}`) };
}

function stateOf({ signature, key, claims, entry }: Jwt, now: Date): State {
  if (signature !== 'valid') return 'not-ours';
  if (entry?.revokedAt || key?.state === 'revoked') return 'revoked';
  if (typeof claims.exp === 'number' && claims.exp * 1000 <= now.getTime()) return 'expired';
  return entry ? 'active' : 'not-recorded';
}

function inspectOpaque(artifact: Artifact, now: Date): Outcome {
  const isExpired = artifact.expiresAt !== null && artifact.expiresAt <= now;
  const state = isExpired ? 'expired' : artifact.consumedAt ? 'spent' : 'active';
  return {
    json: {
      kind: 'opaque',
      active: state === 'active',
      state,
      model: artifact.model,
      client_id: artifact.clientId,
      account_id: artifact.accountId,
      grant_id: artifact.grantId,
      created_at: artifact.createdAt,
      consumed_at: artifact.consumedAt,
      expires_at: artifact.expiresAt,
    },
    text: fields([
      ['kind', artifact.model],
      ['state', state === 'active' ? 'alive' : `dead: ${state}`],
      ['client', artifact.clientId],
      ['account', artifact.accountId],
      ['grant', artifact.grantId],
      ['created', moment(artifact.createdAt)],
      ['spent', moment(artifact.consumedAt)],
      ['expires', moment(artifact.expiresAt)],
    ]),
  };
}
