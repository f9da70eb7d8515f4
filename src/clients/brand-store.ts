import type { PictureType } from '../config/picture.ts';
import type { Queryable } from '../db/database.ts';

export interface BrandWrite {
  readonly color: string | null | undefined;
  readonly logo:
    { readonly type: PictureType; readonly body: Buffer; readonly digest: string } | null | undefined;
}

/** What is undefined stays. */
export async function saveBrand(tx: Queryable, clientId: string, { color, logo }: BrandWrite): Promise<void> {
  const row = {
    ...(color === undefined ? {} : { color }),
    ...(logo === undefined
      ? {}
      : { logo: logo?.body ?? null, logo_type: logo?.type ?? null, logo_digest: logo?.digest ?? null }),
  };
  if (Object.keys(row).length === 0) return;
  await tx('client_brands')
    .insert({ client_id: clientId, ...row })
    .onConflict('client_id')
    .merge(row);
}

export async function findLogo(
  db: Queryable,
  digest: string,
): Promise<{ type: PictureType; body: Buffer } | undefined> {
  return db('client_brands')
    .first<{ type: PictureType; body: Buffer } | undefined>('logo_type as type', 'logo as body')
    .where({ logo_digest: digest });
}
