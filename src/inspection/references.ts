import { z } from 'zod';

import { artifactContext, type Artifact } from '../grants/artifact.ts';
import type { LedgerEntry } from '../revocation/token.ts';
import type { InspectionContext } from './context.ts';
import type { TokenKind } from './kind.ts';
import type { ReadToken } from './reading.ts';

/** What a token names, as ids: the ledger's word where there is a row, else that of the signed claims or the sealed payload. */
export interface References {
  readonly clientId: string | null;
  readonly accountId: string | null;
  readonly apiId: string | null;
  /** Every audience of an access token. */
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  readonly sender: Sender | null;
  readonly grantId: string | null;
  readonly sessionUid: string | null;
  readonly status: LedgerEntry['status'];
}

/** RFC 9449 §6.1: the key of the proofs. RFC 8705 §3.1: the certificate. */
export interface Sender {
  readonly method: 'dpop' | 'mtls';
  readonly thumbprint: string;
}

const NONE: References = {
  clientId: null,
  accountId: null,
  apiId: null,
  audiences: [],
  scopes: [],
  sender: null,
  grantId: null,
  sessionUid: null,
  status: null,
};

/** Of a JWT that we did not sign nothing is believed, except that an assertion names the client whose it should be. */
export function referencesOf(context: InspectionContext, read: ReadToken, kind: TokenKind): References {
  if (read.kind === 'opaque') return ofArtifact(context, read.artifact);
  if (read.kind === 'unknown') return NONE;
  const { claims, entry } = read;
  if (kind === 'access_token') return ofAccessToken(claims, entry);
  if (kind === 'id_token' || kind === 'logout_token') {
    return { ...NONE, clientId: textOf([claims.aud].flat()[0]), accountId: textOf(claims.sub) };
  }
  if (kind === 'client_assertion') return { ...NONE, clientId: textOf(claims.iss) };
  return NONE;
}

type Jwt = Extract<ReadToken, { kind: 'jwt' }>;

function ofAccessToken(claims: Jwt['claims'], entry: LedgerEntry | undefined): References {
  const clientId = textOf(claims['client_id']);
  const subject = textOf(claims.sub);
  const named: References = {
    ...NONE,
    clientId,
    accountId: subject === clientId ? null : subject,
    audiences: [claims.aud ?? []].flat().filter((audience) => typeof audience === 'string'),
    scopes: wordsOf(claims['scope']),
    sender: senderOf(claims['cnf']),
  };
  if (!entry) return named;
  const { clientId: issuedTo, accountId, apiId, grantId, sessionUid, status } = entry;
  return { ...named, clientId: issuedTo, accountId, apiId, grantId, sessionUid, status };
}

/** The part of a payload that is shown; the shape is the library's (models/access_token.js and its neighbours). */
const payloadSchema = z.object({
  scope: z.string().optional(),
  jkt: z.string().optional(),
  'x5t#S256': z.string().optional(),
  resource: z.union([z.string(), z.array(z.string())]).optional(),
  sessionUid: z.string().optional(),
  expiresWithSession: z.boolean().optional(),
});

function ofArtifact({ seal }: InspectionContext, artifact: Artifact): References {
  const { clientId, accountId, grantId } = artifact;
  const known = { ...NONE, clientId, accountId, grantId };
  const payload = payloadSchema.safeParse(open(seal, artifact)).data;
  if (!payload) return known;
  return {
    ...known,
    audiences: [payload.resource ?? []].flat(),
    scopes: wordsOf(payload.scope),
    sender: senderOf(payload),
    sessionUid: payload.expiresWithSession ? (payload.sessionUid ?? null) : null,
  };
}

/** Undefined when it was sealed under a key that this command was not given: the row itself still says a lot. */
function open(seal: InspectionContext['seal'], artifact: Artifact): unknown {
  try {
    return JSON.parse(seal.open(artifact.payload, artifactContext(artifact.digest)).toString());
  } catch {
    return undefined;
  }
}

function senderOf(confirmation: unknown): Sender | null {
  if (typeof confirmation !== 'object' || confirmation === null) return null;
  const { jkt, 'x5t#S256': certificate } = confirmation as Record<string, unknown>;
  if (typeof jkt === 'string') return { method: 'dpop', thumbprint: jkt };
  return typeof certificate === 'string' ? { method: 'mtls', thumbprint: certificate } : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function wordsOf(scope: unknown): string[] {
  return typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [];
}
