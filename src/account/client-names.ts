import { displayName } from '../interactions/present.ts';
import type { AccountContext } from './context.ts';

/** Names of clients as people know them. Those that are gone, or are a part of the server, are left out. */
export async function clientNames(
  { clients }: Pick<AccountContext, 'clients'>,
  ids: readonly string[],
): Promise<string[]> {
  const found = await Promise.all(ids.map((id) => clients.find(id)));
  return found.flatMap((client) => {
    if (!client || client.origin === 'built-in') return [];
    const name = client.metadata['client_name'];
    return [displayName(typeof name === 'string' ? name : client.id)];
  });
}
