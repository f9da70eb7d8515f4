import Provider, { errors, type Adapter, type AdapterPayload } from 'oidc-provider';

import type { ClientRecord } from '../clients/client.ts';
import { registerClient } from '../clients/register.ts';
import { secretExpiresAt } from '../clients/secret.ts';
import { AppError } from '../errors.ts';
import { deleteClient } from '../revocation/delete-client.ts';
import { refuseUnbound } from './mutual-tls.ts';
import { notOffered } from './not-offered.ts';
import { actorOf } from './artifact-adapter.ts';
import type { HallContext } from './context.ts';

/**
 * Stands where the library wants a secret: it has none of ours, only digests (see client-authentication.ts). It is never
 * equal to anything, and never leaves (see registration.ts).
 */
export const SECRET_PLACEHOLDER = 'digest-only';

/** Clients come from the cache; registration (RFC 7591, RFC 7592) writes them through the clients' own verbs. */
export function createClientAdapter(hall: HallContext): Adapter {
  return {
    async find(id) {
      const record = await hall.clients.find(id);
      if (!record || record.disabledAt) return undefined;
      refuseUnbound(hall.config, record.metadata);
      return toMetadata(record);
    },
    async upsert(id, payload) {
      const { client_id, client_id_issued_at, client_secret, client_secret_expires_at, ...metadata } =
        payload;
      await registerClient(hall, {
        id,
        metadata,
        secret:
          typeof client_secret === 'string' && client_secret !== SECRET_PLACEHOLDER ? client_secret : null,
        actor: actorOf(Provider.ctx),
      }).catch(asRegistrationError);
    },
    async destroy(id) {
      await deleteClient(hall, id, actorOf(Provider.ctx));
    },
    findByUid: notOffered('Client', 'uid'),
    findByUserCode: notOffered('Client', 'user code'),
    consume: notOffered('Client', 'single use'),
    revokeByGrantId: notOffered('Client', 'grant'),
  };
}

function toMetadata(record: ClientRecord): AdapterPayload {
  return {
    ...record.metadata,
    client_id: record.id,
    client_id_issued_at: Math.floor(record.createdAt.getTime() / 1000),
    ...(record.secrets.length > 0
      ? { client_secret: SECRET_PLACEHOLDER, client_secret_expires_at: secretExpiresAt(record) }
      : undefined),
  };
}

/** Our own rules speak in their own errors; RFC 7591 §3.2.2 has words for two of them. */
function asRegistrationError(error: unknown): never {
  if (error instanceof AppError && error.code === 'invalid_redirect_uri') {
    throw new errors.InvalidRedirectUri(error.message);
  }
  if (error instanceof AppError && error.status === 400)
    throw new errors.InvalidClientMetadata(error.message);
  throw error;
}
