import type { Requirement } from '../config/requirement.ts';
import { checkChosenClientId } from '../clients/create-client.ts';
import type { ClientRecord } from '../clients/client.ts';
import { CLIENT_KINDS } from '../clients/kinds.ts';
import { checkBrandColor } from '../clients/set-brand.ts';
import { METADATA_MEMBERS } from '../documents/client-metadata.ts';
import { metadataToFile, normalizeMetadata, sortedMetadata } from './client-metadata.ts';
import { asSet, compareText, sortedRecord, type Json, type Settings } from './configuration.ts';
import type { Given } from './document.ts';
import { readLogo } from './logo.ts';
import { checked, type Path, type Problem } from './problem.ts';
import { roleKey, splitRole } from './normal-role.ts';

export type ClientNormal = Readonly<{
  client_id: string;
  /** RFC 7591 members, complete; those that are not set are not there. */
  metadata: Readonly<Record<string, Json>>;
  first_party: boolean;
  /** Audience → scopes. */
  apis: Readonly<Record<string, readonly string[]>>;
  default_api: string | null;
  acts_for: string | null;
  requirement: Requirement;
  exchange: ExchangeNormal;
  /** `logo`: a data URI. */
  brand: Readonly<{ color: string | null; logo: string | null }>;
  /** Keys of roles. */
  roles: readonly string[];
  disabled: boolean;
}>;

type ExchangeNormal = Readonly<{
  impersonation: boolean;
  apis: readonly string[];
  client_ids: readonly string[];
  trusted_issuers: readonly string[];
}>;

type Access = readonly [audience: string, scopes: readonly string[]];

export function normalizeClient(
  given: Given<'clients'>,
  config: Settings,
  path: Path,
  problems: Problem[],
): ClientNormal {
  const at = (member: string) => [...path, member];
  checked(problems, at('client_id'), () => checkChosenClientId(given.client_id));
  const { color = null, logo = null } = given.brand ?? {};
  if (color !== null) checked(problems, [...path, 'brand', 'color'], () => checkBrandColor(color));
  if (logo !== null) {
    const problem = typeof logo === 'string' ? readLogo(logo).problem : 'is in a file that was not read';
    if (problem !== undefined) problems.push({ path: [...path, 'brand', 'logo'], message: problem });
  }
  const metadata = METADATA_MEMBERS.filter((member) => given[member] !== undefined);
  const apis = (given.apis ?? []).map(({ audience, scopes }): Access => [audience, asSet(scopes)]);
  const doubled = apis.find(([audience], index) => apis.findIndex(([other]) => other === audience) < index);
  if (doubled) problems.push({ path: at('apis'), message: `names ${doubled[0]} twice` });
  const defaultApi = given.default_api ?? null;
  const implied = defaultApi !== null && !apis.some(([audience]) => audience === defaultApi);
  return {
    client_id: given.client_id,
    metadata: normalizeMetadata(
      {
        ...(given.kind && CLIENT_KINDS[given.kind]),
        ...Object.fromEntries(metadata.map((member) => [member, given[member]])),
      },
      config,
      path,
      problems,
    ),
    first_party: given.first_party ?? false,
    apis: sortedRecord([...apis, ...(implied ? [[defaultApi, []] satisfies Access] : [])]),
    default_api: defaultApi,
    acts_for: given.acts_for ?? null,
    requirement: given.requirement ?? 'any',
    exchange: {
      impersonation: given.exchange?.impersonation ?? false,
      apis: asSet(given.exchange?.apis ?? []),
      client_ids: asSet(given.exchange?.client_ids ?? []),
      trusted_issuers: asSet(given.exchange?.trusted_issuers ?? []),
    },
    brand: { color: color?.toLowerCase() ?? null, logo: typeof logo === 'string' ? logo : null },
    roles: asSet((given.roles ?? []).map(({ api, role }) => roleKey({ api, name: role }))),
    disabled: given.disabled ?? false,
  };
}

/** What a client's row says of other things by id. */
export interface ClientNames {
  /** Id → audience. */
  readonly audiences: ReadonlyMap<string, string>;
  /** Id → `iss`. */
  readonly issuers: ReadonlyMap<string, string>;
  /** Of clients that exist. */
  readonly clientIds: ReadonlySet<string>;
  readonly logo: string | null;
  readonly roles: readonly string[];
}

/** Ids of what has been deleted since are left out. */
export function normalOfClient(client: ClientRecord, names: ClientNames): ClientNormal {
  const audienceOf = (id: string | null) => (id === null ? null : (names.audiences.get(id) ?? null));
  return {
    client_id: client.id,
    metadata: sortedMetadata(client.metadata),
    first_party: client.firstParty,
    apis: sortedRecord(client.apis.map(({ audience, scopes }) => [audience, asSet(scopes)])),
    default_api: audienceOf(client.defaultApiId),
    acts_for: audienceOf(client.actsForApiId),
    requirement: client.requirement,
    exchange: {
      impersonation: client.exchange?.impersonation ?? false,
      apis: asSet((client.exchange?.apiIds ?? []).flatMap((id) => audienceOf(id) ?? [])),
      client_ids: asSet((client.exchange?.clientIds ?? []).filter((id) => names.clientIds.has(id))),
      trusted_issuers: asSet((client.exchange?.issuerIds ?? []).flatMap((id) => names.issuers.get(id) ?? [])),
    },
    brand: { color: client.brand.color, logo: names.logo },
    roles: asSet(names.roles),
    disabled: client.disabledAt !== null,
  };
}

/** Without its secrets, which are references of the file's own. */
export function clientToFile(client: ClientNormal): Readonly<Record<string, Json>> {
  const { exchange, brand } = client;
  const apis = Object.entries(client.apis)
    .filter(([audience, scopes]) => scopes.length > 0 || audience !== client.default_api)
    .map(([audience, scopes]) => ({ audience, scopes }));
  const exchanges = {
    ...(exchange.impersonation && { impersonation: true }),
    ...(exchange.apis.length > 0 && { apis: exchange.apis }),
    ...(exchange.client_ids.length > 0 && { client_ids: exchange.client_ids }),
    ...(exchange.trusted_issuers.length > 0 && { trusted_issuers: exchange.trusted_issuers }),
  };
  const brands = {
    ...(brand.color !== null && { color: brand.color }),
    ...(brand.logo !== null && { logo: brand.logo }),
  };
  return {
    client_id: client.client_id,
    ...metadataToFile(client.metadata),
    ...(client.first_party && { first_party: true }),
    ...(apis.length > 0 && { apis }),
    ...(client.default_api !== null && { default_api: client.default_api }),
    ...(client.acts_for !== null && { acts_for: client.acts_for }),
    ...(client.requirement !== 'any' && { requirement: client.requirement }),
    ...(Object.keys(exchanges).length > 0 && { exchange: exchanges }),
    ...(Object.keys(brands).length > 0 && { brand: brands }),
    ...(client.roles.length > 0 && { roles: client.roles.map(splitRole).toSorted(byApi) }),
    ...(client.disabled && { disabled: true }),
  };
}

function byApi(a: { api: string; role: string }, b: { api: string; role: string }): number {
  return compareText(a.api, b.api) || compareText(a.role, b.role);
}
