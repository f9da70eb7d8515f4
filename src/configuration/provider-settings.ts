import { NAME_ID } from '../upstream/saml-settings.ts';
import type { Kind as ProviderKind } from '../upstream/settings.ts';
import { asSet, type Json } from './configuration.ts';

/** Members of a provider's settings: as a file names them → as the room does. */
const NAMES = {
  oidc: {
    issuer: 'issuer',
    client_id: 'clientId',
    auth_method: 'authMethod',
    scopes: 'scopes',
    acr_values: 'acrValues',
  },
  saml: {
    entity_id: 'entityId',
    sso_url: 'ssoUrl',
    certificates: 'certificates',
    subject_attribute: 'subjectAttribute',
    name_id_format: 'nameIdFormat',
    signs_requests: 'signsRequests',
    start_url: 'startUrl',
  },
  ldap: {
    url: 'url',
    start_tls: 'startTls',
    ca: 'ca',
    base: 'base',
    bind_dn: 'bindDn',
    filter: 'filter',
    subject: 'subject',
    is_default: 'isDefault',
  },
} as const satisfies Record<ProviderKind, Readonly<Record<string, string>>>;

/** The same that commands give who are not told otherwise. */
const DEFAULTS: Readonly<Record<ProviderKind, Readonly<Record<string, Json>>>> = {
  oidc: { auth_method: 'client_secret_basic', scopes: asSet(['openid', 'profile', 'email']), acr_values: [] },
  saml: {
    subject_attribute: null,
    name_id_format: NAME_ID.persistent,
    signs_requests: false,
    start_url: null,
  },
  ldap: {
    start_tls: false,
    ca: null,
    bind_dn: null,
    filter: '(|(uid={identifier})(mail={identifier}))',
    subject: 'entryUUID',
    is_default: false,
  },
};

export function settingsDefaults(kind: ProviderKind): Readonly<Record<string, Json>> {
  return DEFAULTS[kind];
}

/** For the room, complete but for what this server makes itself. An attribute that is the subject leaves no NameID to be it. */
export function settingsFromWire(
  kind: ProviderKind,
  wire: Readonly<Record<string, Json>>,
): Readonly<Record<string, Json | undefined>> {
  const given = kind === 'saml' && wire['subject_attribute'] !== null ? withoutNameId(wire) : wire;
  return Object.fromEntries(Object.entries(NAMES[kind]).map(([theirs, ours]) => [ours, given[theirs]]));
}

export function settingsToWire(kind: ProviderKind, settings: object): Readonly<Record<string, Json>> {
  const values: Readonly<Record<string, Json | undefined>> = { ...settings };
  const entries = Object.entries(NAMES[kind]).flatMap(([theirs, ours]): [string, Json][] => {
    const value = values[ours];
    if (value === undefined) return [];
    // What is asked for is a set; how two factors are asked for is a list of preferences.
    return [[theirs, theirs === 'scopes' && Array.isArray(value) ? asSet(value as string[]) : value]];
  });
  return Object.fromEntries(entries);
}

function withoutNameId(wire: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  return wire['name_id_format'] === NAME_ID.persistent ? { ...wire, name_id_format: null } : wire;
}
