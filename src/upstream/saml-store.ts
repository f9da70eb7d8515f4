import type { Queryable } from '../db/database.ts';

/** Whether this is the first use of the assertion. */
export async function insertAssertion(
  db: Queryable,
  { providerId, digest, expiresAt }: { providerId: string; digest: Buffer; expiresAt: Date },
): Promise<boolean> {
  const rows = await db('saml_assertions')
    .insert({ provider_id: providerId, digest, expires_at: expiresAt })
    .onConflict()
    .ignore()
    .returning('provider_id');
  return rows.length > 0;
}
