import type { Knex } from 'knex';

import { hasOwner, owners } from '../admin/owner-store.ts';
import type { Queryable } from '../db/database.ts';

export interface SetupLink {
  readonly digest: Buffer;
  /** It is good only while nobody is an owner. */
  readonly onlyFirst: boolean;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** In place of every older one that was not used. */
export async function replaceSetupLinks(tx: Knex.Transaction, link: SetupLink): Promise<void> {
  await tx.raw(`select pg_advisory_xact_lock(hashtextextended('guichet setup link', 0))`);
  await tx('setup_links').whereNull('used_at').delete();
  await tx('setup_links').insert({
    digest: link.digest,
    only_first: link.onlyFirst,
    created_at: link.createdAt,
    expires_at: link.expiresAt,
  });
}

/** Whether it could be used now; whether it may still be used only {@link consumeSetupLink} decides. */
export async function isSetupLink(db: Queryable, digest: Buffer, now: Date): Promise<boolean> {
  const link = await db('setup_links')
    .first<{ only_first: boolean } | undefined>('only_first')
    .where({ digest })
    .whereNull('used_at')
    .where('expires_at', '>', now);
  return link !== undefined && !(link.only_first && (await hasOwner(db)));
}

/** Single use: false for everybody but the first. */
export async function consumeSetupLink(tx: Knex.Transaction, digest: Buffer, now: Date): Promise<boolean> {
  const used = await tx('setup_links')
    .where({ digest })
    .whereNull('used_at')
    .where('expires_at', '>', now)
    .where((link) => {
      void link.where({ only_first: false }).orWhereNotExists(owners(tx));
    })
    .update({ used_at: now });
  return used === 1;
}
