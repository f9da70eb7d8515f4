import type { ClientRecord } from '../clients/client.ts';
import { listClients } from '../clients/store.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Database, Queryable } from '../db/database.ts';
import { placeOf } from '../db/place.ts';
import { listKeys } from '../keys/store.ts';
import { ADMIN_API_ID } from '../resources/built-in.ts';
import { listApis } from '../resources/store.ts';
import { DORMANT_DAYS, type Facts } from './facts.ts';
import { countClientsByApi, countPeople, describeLog, listAdministrators } from './fact-store.ts';
import { lookAtIssuer } from './live.ts';

export interface ReportContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: Config;
}

const CLIENTS_PER_PAGE = 1000;

/** Everything the rules look at. Asks the server at its own address, so it is not for within a transaction. */
export async function gatherFacts({ db, clock, config }: ReportContext): Promise<Facts> {
  const at = clock.now();
  const [apis, clients, byApi] = [
    await listApis(db.knex),
    await listAllClients(db.knex),
    await countClientsByApi(db.knex),
  ];
  const dormantSince = new Date(at.getTime() - DORMANT_DAYS * 86_400_000);
  return {
    at,
    config,
    clients: clients.map((client) => withAdminScopes(client)),
    apis: apis.map((api) => Object.assign(api, { clients: byApi.get(api.id) ?? 0 })),
    keys: await listKeys(db.knex),
    people: {
      ...(await countPeople(db.knex, dormantSince)),
      administrators: await listAdministrators(db.knex, ADMIN_API_ID),
    },
    log: await describeLog(db.knex),
    live: await lookAtIssuer(config),
  };
}

async function listAllClients(db: Queryable): Promise<ClientRecord[]> {
  const all: ClientRecord[] = [];
  for (;;) {
    const last = all.at(-1);
    const page = await listClients(db, { limit: CLIENTS_PER_PAGE, after: last && placeOf(last) });
    all.push(...page);
    if (page.length < CLIENTS_PER_PAGE) return all;
  }
}

function withAdminScopes(client: ClientRecord): Facts['clients'][number] {
  const scopes = client.apis.filter(({ apiId }) => apiId === ADMIN_API_ID).flatMap((api) => api.scopes);
  return Object.assign(client, { adminScopes: scopes });
}
