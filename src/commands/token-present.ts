import type { SigningKey } from '../keys/key.ts';
import type { LedgerEntry } from '../revocation/token.ts';
import { keySince } from '../documents/key.ts';
import type { Explained, Verdict, Wanted } from './token-verdict.ts';
import type { Party, Surroundings } from './token-surroundings.ts';

export interface Explanation extends Explained {
  readonly what: string;
  readonly summary: string;
  readonly verdict: Verdict;
  readonly acceptance: (Wanted & { readonly objections: readonly string[] }) | undefined;
}

/** What `tokens inspect --json` prints: the first block as a token of its kind, then what every kind has. */
export function explanationToJson(explanation: Explanation): Record<string, unknown> {
  const { kind, what, summary, life, read, surroundings, verdict, acceptance } = explanation;
  return {
    ...readToJson(explanation),
    what: kind,
    what_in_words: what,
    summary,
    issued_at: life.issuedAt,
    expires_at: life.expiresAt,
    revoked_at: life.revokedAt,
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
      status_list_known_by: verdict.statusListKnownBy,
      signature_only: verdict.signatureOnly,
      in_words: verdict.words,
    },
    ...(acceptance && {
      acceptance: {
        audience: acceptance.audience ?? null,
        scope: acceptance.scopes.join(' '),
        accepted: acceptance.objections.length === 0,
        objections: acceptance.objections,
      },
    }),
  };
}

function readToJson({ read, life: { state } }: Explanation): Record<string, unknown> {
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
      created_at: artifact.createdAt,
      consumed_at: artifact.consumedAt,
    };
  }
  const { signature, key, header, claims, entry } = read;
  const ledger = entry && ledgerToJson(entry);
  return { kind: 'jwt', active, state, signature, key_state: key?.state ?? null, header, claims, ledger };
}

function ledgerToJson(entry: LedgerEntry): Record<string, unknown> {
  return {
    client_id: entry.clientId,
    api_id: entry.apiId,
    grant_id: entry.grantId,
    session_id: entry.sessionUid,
    account_id: entry.accountId,
    issued_at: entry.issuedAt,
    expires_at: entry.expiresAt,
    revoked_at: entry.revokedAt,
  };
}

function signerToJson(key: SigningKey): Record<string, unknown> {
  return { kid: key.kid, alg: key.alg, state: key.state, since: keySince(key) };
}

function surroundingsToJson(found: Surroundings): Record<string, unknown> {
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

function partyToJson({ id, name, state, disabledAt }: Party): Record<string, unknown> {
  return { id, name, state, disabled_at: disabledAt };
}
