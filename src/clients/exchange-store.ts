import type { Queryable } from '../db/database.ts';
import { isClientId } from './client.ts';
import type { ExchangePolicy } from './exchange.ts';

export async function saveExchange(tx: Queryable, clientId: string, policy: ExchangePolicy): Promise<void> {
  await tx('exchange_policies')
    .insert({
      client_id: clientId,
      impersonation: policy.impersonation,
      api_ids: [...policy.apiIds],
      client_ids: [...policy.clientIds],
      issuer_ids: [...policy.issuerIds],
    })
    .onConflict('client_id')
    .merge();
}

/** Those of the ids that are clients. */
export async function findClientIds(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const rows = await db<{ id: string }>('clients')
    .select('id')
    .whereIn('id', ids.filter(isClientId))
    .orderBy('id')
    .limit(ids.length);
  return rows.map((row) => row.id);
}
