import Provider, { errors, type Adapter, type AdapterPayload } from 'oidc-provider';

import { isBuiltInId } from '../clients/built-in.ts';
import { hmac } from '../crypto/digest.ts';
import { artifactContext, artifactDigest, type Artifact } from '../grants/artifact.ts';
import { consumeArtifact, deleteArtifact, findArtifactByUserCode } from '../grants/store.ts';
import type { HallContext } from './context.ts';
import { explainSpent } from './explain/artifacts.ts';
import { keepAtHand } from './grant-at-hand.ts';
import { currentIssuance, type Issuance } from './issuance.ts';
import { notOffered } from './not-offered.ts';
import { checkRepeated } from './refresh-again.ts';
import { rememberPresented } from './session-binding.ts';

/** Written with the rest of what their request issues, see issuance.ts. */
const ISSUED_MODELS = new Set(['AuthorizationCode', 'RefreshToken', 'AccessToken']);

/** Spent in the transaction that records the tokens they are spent for. */
const SPENT_FOR_TOKENS = new Set(['AuthorizationCode', 'DeviceCode', 'RefreshToken']);

/** What the loser of a race is told. */
const SPENT_ERRORS: Record<string, () => Error> = {
  PushedAuthorizationRequest: () =>
    new errors.InvalidRequestUri('request_uri is invalid, expired, or was already used'),
};

/** Codes, tokens, device codes, pushed requests, interactions, registration tokens. */
export function createArtifactAdapter(hall: HallContext, model: string): Adapter {
  const { records, seal, clock, db } = hall;

  async function load(artifact: Artifact | undefined, id?: string): Promise<AdapterPayload | undefined> {
    if (artifact?.model !== model) return undefined;
    const json = seal.open(artifact.payload, artifactContext(artifact.digest)).toString();
    const payload: AdapterPayload = JSON.parse(json);
    if (id !== undefined) payload.jti = id;
    if (artifact.consumedAt) payload['consumed'] = Math.floor(artifact.consumedAt.getTime() / 1000);
    return payload;
  }

  return {
    async upsert(id, payload, expiresIn) {
      // Our own pages want the sign-in and not its code, so there is none for anybody to redeem.
      if (model === 'AuthorizationCode' && isBuiltInId(payload.clientId ?? '')) return;
      const artifact = toArtifact(hall, model, id, payload, expiresIn);
      const issuance = currentIssuance();
      if (!issuance || !ISSUED_MODELS.has(model)) return records.saveArtifact(artifact);
      issuance.artifacts.push(artifact);
      addParties(issuance, payload);
    },

    async find(id) {
      const artifact = await records.findArtifact(artifactDigest(model, id));
      const payload = await load(artifact, id);
      if (payload) rememberPresented(payload);
      if (payload && artifact?.grant) keepAtHand(artifact.grant);
      const ctx = Provider.ctx;
      if (payload?.['consumed']) explainSpent(ctx, model, payload, clock.now());
      if (payload?.['consumed'] && model === 'RefreshToken' && ctx?.oidc.route === 'token') {
        await checkRepeated(hall, ctx, id, payload);
      }
      return payload;
    },

    async findByUserCode(userCode) {
      return load(await findArtifactByUserCode(db.pool, hmac(hall.secrets.userCodeKey, userCode)));
    },

    findByUid: notOffered(model, 'uid'),

    async consume(id) {
      const digest = artifactDigest(model, id);
      const issuance = currentIssuance();
      if (issuance && SPENT_FOR_TOKENS.has(model)) {
        issuance.spends = { digest, value: id, model };
        return;
      }
      if (await consumeArtifact(db.pool, digest, clock.now())) return;
      throw SPENT_ERRORS[model]?.() ?? new errors.InvalidGrant(`${model} already used`);
    },

    destroy: (id) => deleteArtifact(db.pool, artifactDigest(model, id)),

    // Wherever the library revokes what hangs on a grant it revokes the grant too (helpers/revoke.js, and revokeGrantPolicy in
    // configuration.ts), which takes everything along.
    revokeByGrantId: async () => undefined,
  };
}

export function actorOf(ctx: typeof Provider.ctx): string {
  const clientId = ctx?.oidc.client?.clientId;
  return clientId === undefined ? 'system' : `client:${clientId}`;
}

function toArtifact(
  hall: HallContext,
  model: string,
  id: string,
  payload: AdapterPayload,
  expiresIn: number | undefined,
): Artifact {
  const digest = artifactDigest(model, id);
  const now = hall.clock.now();
  // The value is the row's name and stays out of it, except where the library looks a row up by another name.
  const stored = model === 'DeviceCode' ? payload : { ...payload, jti: undefined };
  return {
    digest,
    model,
    payload: hall.seal.seal(Buffer.from(JSON.stringify(stored)), artifactContext(digest)),
    // An interaction names a grant and does not live by it: changing accounts ends the first person's grants half-way.
    grantId: model === 'Interaction' ? null : text(payload.grantId),
    clientId: text(payload.clientId),
    accountId: text(payload.accountId),
    userCodeDigest:
      typeof payload.userCode === 'string' ? hmac(hall.secrets.userCodeKey, payload.userCode) : null,
    createdAt: now,
    consumedAt: payload['consumed'] ? now : null,
    expiresAt: expiresIn === undefined ? null : new Date(now.getTime() + expiresIn * 1000),
  };
}

function addParties(issuance: Issuance, payload: AdapterPayload): void {
  issuance.clientId ??= text(payload.clientId);
  issuance.grantId ??= text(payload.grantId);
  issuance.accountId ??= text(payload.accountId);
  // A code names the session it was minted in; a token only matters to it when it dies with it.
  if (payload.kind === 'AuthorizationCode' || payload.expiresWithSession) {
    issuance.sessionUid ??= text(payload.sessionUid);
  }
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
