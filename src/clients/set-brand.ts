import { hash } from 'node:crypto';

import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import { readPicture, type Picture } from '../config/picture.ts';
import { refuseBuiltIn } from './built-in.ts';
import type { ClientRecord } from './client.ts';
import { getClient, type ClientContext } from './create-client.ts';
import { clientNotFound } from './not-found.ts';
import { invalidMetadata } from './problem.ts';
import { saveBrand } from './brand-store.ts';
import { lockClient, notifyClient } from './store.ts';

export interface BrandChanges {
  /** `#rrggbb`; null takes it away, what is not mentioned stays. */
  readonly color?: string | null | undefined;
  readonly logo?: Buffer | null | undefined;
}

/** Throws `client_not_found` (404), `client_built_in` (409), `invalid_client_metadata` (400). */
export async function setClientBrand(
  { db, clock }: Pick<ClientContext, 'db' | 'clock'>,
  id: string,
  changes: BrandChanges,
  actor: Actor,
): Promise<ClientRecord> {
  const color = changes.color?.toLowerCase() ?? changes.color;
  if (typeof color === 'string') checkBrandColor(color);
  const logo = changes.logo && checkLogo(changes.logo);
  return db.transaction(async (tx) => {
    const before = await lockClient(tx, id);
    if (!before) throw clientNotFound();
    refuseBuiltIn(before);
    await saveBrand(tx, id, { color, logo });
    const changed = Object.entries(changes).flatMap(([name, value]) =>
      value === undefined ? [] : [`brand.${name}`],
    );
    await record(tx, {
      occurredAt: clock.now(),
      type: 'client.updated',
      actor,
      clientId: id,
      detail: { changed },
    });
    await notifyClient(tx, id);
    return getClient(tx, id);
  });
}

/** Throws `invalid_client_metadata` (400). */
export function checkBrandColor(color: string): void {
  if (!/^#[0-9a-f]{6}$/i.test(color)) throw invalidMetadata('color', 'must look like #1a2b3c');
}

function checkLogo(body: Buffer): Picture & { digest: string } {
  const picture = readPicture(body);
  if (typeof picture === 'string') throw invalidMetadata('logo', picture);
  return { ...picture, digest: hash('sha256', body).slice(0, 16) };
}
