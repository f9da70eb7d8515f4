import Provider, { type Adapter } from 'oidc-provider';

import { saveGrant } from '../grants/store.ts';
import { revoke } from '../revocation/revoke.ts';
import { notOffered } from './not-offered.ts';
import { actorOf } from './artifact-adapter.ts';
import type { HallContext } from './context.ts';
import { endReused } from './end-reused.ts';
import { takeFromHand } from './grant-at-hand.ts';

/** Grants are looked up by an id that is no credential, so they are kept in the clear, for operators to read. */
export function createGrantAdapter(hall: HallContext): Adapter {
  return {
    async upsert(id, payload, expiresIn) {
      if (typeof payload.accountId !== 'string' || typeof payload.clientId !== 'string') {
        throw new TypeError('a grant belongs to a person and a client');
      }
      if (expiresIn === undefined) throw new TypeError('a grant has an end');
      const now = hall.clock.now();
      await saveGrant(
        hall.db,
        {
          id,
          accountId: payload.accountId,
          clientId: payload.clientId,
          payload: { ...payload, jti: undefined },
          expiresAt: new Date(now.getTime() + expiresIn * 1000),
        },
        now,
      );
    },
    async find(id) {
      const grant = takeFromHand(id) ?? (await hall.records.findGrant(id));
      return grant && { ...grant.payload, jti: id };
    },
    async destroy(id) {
      const { route, client, params } = Provider.ctx?.oidc ?? {};
      // At the token endpoint a grant only ends because something was presented twice.
      if (route === 'token' && client) {
        const what = params?.['grant_type'] === 'refresh_token' ? 'refresh token' : 'code';
        return endReused(hall, what, { grantId: id, clientId: client.clientId });
      }
      await revoke(hall, { grant: id }, actorOf(Provider.ctx));
    },
    findByUid: notOffered('Grant', 'uid'),
    findByUserCode: notOffered('Grant', 'user code'),
    consume: notOffered('Grant', 'single use'),
    revokeByGrantId: notOffered('Grant', 'parent'),
  };
}
