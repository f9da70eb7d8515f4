import { z } from 'zod';

import type { Explanation } from '../inspection/explain-token.ts';
import { KINDS, type TokenKind } from '../inspection/kind.ts';
import { STATES } from '../inspection/life.ts';
import type { Party, Surroundings } from '../inspection/surroundings.ts';
import { KEY_STATES, type SigningKey } from '../keys/key.ts';
import type { LedgerEntry } from '../revocation/token.ts';
import { identifier, instant, toInstant, toInstantOrNull } from './document.ts';
import { keySince } from './key.ts';

const party = z.strictObject({
  id: z.string(),
  name: z.string().nullable(),
  state: z.enum(['enabled', 'disabled', 'deleted']),
  disabled_at: instant.nullable(),
});

const hook = z.strictObject({ id: z.string(), state: z.enum(['alive', 'ended']) });

const ledger = z.strictObject({
  client_id: identifier,
  api_id: identifier,
  grant_id: z.string().nullable(),
  session_id: z.string().nullable(),
  account_id: z.string().nullable(),
  issued_at: instant,
  expires_at: instant,
  revoked_at: instant.nullable(),
});

/** Only of a JWT. What it says is to be believed only where `signature` is `valid`. */
const jwt = {
  signature: z.enum(['valid', 'invalid', 'foreign']),
  key_state: z.enum(KEY_STATES).nullable(),
  header: z.looseObject({}),
  claims: z.looseObject({}),
  ledger,
};

/** Only of what this server keeps itself: refresh tokens, codes. */
const opaque = {
  model: z.string(),
  client_id: z.string().nullable(),
  account_id: z.string().nullable(),
  grant_id: z.string().nullable(),
  created_at: instant,
  consumed_at: instant.nullable(),
};

/** What a token is, who may use it where, and whether and why it is dead. Without the token. */
export const tokenExplanationDocument = z.strictObject({
  kind: z.enum(['jwt', 'opaque', 'unknown']),
  active: z.boolean(),
  state: z.enum(STATES),
  ...z.object({ ...jwt, ...opaque }).partial().shape,
  what: z.enum(Object.keys(KINDS) as TokenKind[]),
  what_in_words: z.string(),
  summary: z.string().describe('Alive until when, or dead since when, by whom and by what'),
  issued_at: instant.nullable(),
  expires_at: instant.nullable(),
  revoked_at: instant.nullable(),
  revoked_by: z
    .strictObject({
      actor: z.string(),
      target: z.string(),
      target_id: z.string(),
      occasion: z.string().nullable(),
    })
    .nullable(),
  signed_by: z
    .strictObject({ kid: z.string(), alg: z.string(), state: z.enum(KEY_STATES), since: instant })
    .nullable(),
  client: party.nullable(),
  user: party.nullable(),
  api: party.extend({ audience: z.string() }).nullable(),
  scopes: z.array(z.strictObject({ name: z.string(), description: z.string().nullable() })),
  sender_constraint: z.strictObject({ method: z.enum(['dpop', 'mtls']), thumbprint: z.string() }).nullable(),
  grant: hook.nullable(),
  session: hook.nullable(),
  status_list: z
    .strictObject({ uri: z.string(), index: z.int(), bit: z.union([z.literal(0), z.literal(1)]) })
    .nullable(),
  verifiers: z.strictObject({
    introspection: z.boolean(),
    status_list: z.boolean(),
    status_list_known_by: instant.nullable(),
    signature_only: z.boolean(),
    in_words: z.string(),
  }),
  acceptance: z
    .strictObject({
      audience: z.string().nullable(),
      scope: z.string(),
      accepted: z.boolean(),
      objections: z.array(z.string()),
    })
    .optional()
    .describe('Only where it was asked for'),
});

type TokenExplanation = z.output<typeof tokenExplanationDocument>;

/** What `tokens inspect --json` prints: the first block as a token of its kind, then what every kind has. */
export function tokenExplanationToJson(explanation: Explanation): TokenExplanation {
  const { kind, what, summary, life, read, surroundings, verdict, acceptance } = explanation;
  return {
    ...readToJson(explanation),
    what: kind,
    what_in_words: what,
    summary,
    issued_at: toInstantOrNull(life.issuedAt),
    expires_at: toInstantOrNull(life.expiresAt),
    revoked_at: toInstantOrNull(life.revokedAt),
    revoked_by: life.cause && {
      actor: life.cause.actor,
      target: life.cause.target.kind,
      target_id: life.cause.target.value,
      occasion: life.cause.occasion,
    },
    signed_by: read.kind === 'jwt' && read.signature === 'valid' && read.key ? signerToJson(read.key) : null,
    ...surroundingsToJson(surroundings),
    verifiers: {
      introspection: verdict.introspection,
      status_list: verdict.statusList,
      status_list_known_by: toInstantOrNull(verdict.statusListKnownBy),
      signature_only: verdict.signatureOnly,
      in_words: verdict.words,
    },
    ...(acceptance && {
      acceptance: {
        audience: acceptance.audience ?? null,
        scope: acceptance.scopes.join(' '),
        accepted: acceptance.objections.length === 0,
        objections: [...acceptance.objections],
      },
    }),
  };
}

function readToJson({
  read,
  life: { state },
}: Explanation): Pick<TokenExplanation, 'kind' | 'active' | 'state'> & Partial<TokenExplanation> {
  if (read.kind === 'unknown') return { kind: 'unknown', active: false, state };
  const active = state === 'active';
  if (read.kind === 'opaque') {
    const { artifact } = read;
    return {
      kind: 'opaque',
      active,
      state,
      model: artifact.model,
      client_id: artifact.clientId,
      account_id: artifact.accountId,
      grant_id: artifact.grantId,
      created_at: toInstant(artifact.createdAt),
      consumed_at: toInstantOrNull(artifact.consumedAt),
    };
  }
  const { signature, key, header, claims, entry } = read;
  const known = entry && { ledger: ledgerToJson(entry) };
  return { kind: 'jwt', active, state, signature, key_state: key?.state ?? null, header, claims, ...known };
}

function ledgerToJson(entry: LedgerEntry): z.output<typeof ledger> {
  return {
    client_id: entry.clientId,
    api_id: entry.apiId,
    grant_id: entry.grantId,
    session_id: entry.sessionUid,
    account_id: entry.accountId,
    issued_at: toInstant(entry.issuedAt),
    expires_at: toInstant(entry.expiresAt),
    revoked_at: toInstantOrNull(entry.revokedAt),
  };
}

function signerToJson(key: SigningKey): TokenExplanation['signed_by'] {
  return { kid: key.kid, alg: key.alg, state: key.state, since: toInstant(keySince(key)) };
}

function surroundingsToJson(found: Surroundings) {
  const { client, person, api, scopes, sender, grant, session, status } = found;
  return {
    client: client && partyToJson(client),
    user: person && partyToJson(person),
    api: api && { ...partyToJson(api), audience: api.audience },
    scopes: scopes.map(({ name, description }) => ({ name, description })),
    sender_constraint: sender && { method: sender.method, thumbprint: sender.thumbprint },
    grant: grant && { id: grant.id, state: grant.state },
    session: session && { id: session.id, state: session.state },
    status_list: status && { uri: status.uri, index: status.index, bit: status.bit },
  };
}

function partyToJson({ id, name, state, disabledAt }: Party): z.output<typeof party> {
  return { id, name, state, disabled_at: toInstantOrNull(disabledAt) };
}
