/** Random configurations, the same for the same seed. */

/** A small generator (mulberry32), so that a failure can be run again. */
export function createDice(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number) => Math.floor(next() * count);
  return {
    below,
    chance: (share: number) => next() < share,
    /** One of these; there is at least one. */
    one: <T>(list: readonly T[]): T => list[below(list.length)] as T,
    /** Some of these, in any order. */
    some: <T>(list: readonly T[], share = 0.5): T[] => {
      const kept = list.filter(() => next() < share);
      return kept
        .map((item) => ({ item, at: next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ item }) => item);
    },
  };
}

type Dice = ReturnType<typeof createDice>;

const SCOPES = ['read', 'write', 'delete', 'audit', 'a.b:c'];
const LOGO = `data:image/svg+xml;base64,${Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64')}`;

interface Role {
  readonly api: string;
  readonly name: string;
}

/** Few names, so that two of them have much in common. JSON, which is YAML. */
export function randomConfiguration(dice: Dice): string {
  const apis = dice.some(['orders', 'stock', 'mail'], 0.8).map((name) => randomApi(dice, name));
  const roles = apis.flatMap((api) =>
    dice.some(['clerk', 'boss'], 0.8).map((name) => randomRole(dice, name, api)),
  );
  const providers = randomProviders(dice, roles);
  const issuers = providers.flatMap(({ slug }) =>
    dice.chance(0.5)
      ? [
          {
            issuer: `https://tokens.example/${dice.one(['a', 'b'])}`,
            identity_provider: slug,
            ...maybe(dice, { one_time: true }),
            ...maybe(dice, { algs: ['RS256'] }),
            ...maybe(dice, { audience: 'us' }),
            ...maybe(dice, { max_age_seconds: 60 }),
          },
        ]
      : [],
  );
  const trusted = issuers.filter(
    ({ issuer }, index) => issuers.findIndex((other) => other.issuer === issuer) === index,
  );
  const ids = dice.some(['shop', 'nightly', 'app', 'proxy'], 0.8);
  const clients = ids.map((id) =>
    randomClient(dice, id, { apis, roles, ids, issuers: trusted.map(({ issuer }) => issuer) }),
  );
  return JSON.stringify({
    version: 1,
    apis,
    roles,
    identity_providers: providers,
    trusted_issuers: trusted,
    clients,
  });
}

function randomApi(dice: Dice, name: string) {
  return {
    audience: `https://api.example.com/${name}`,
    name: dice.one(['Orders', 'Ordres', 'yes', '1e3']),
    scopes: dice
      .some(SCOPES)
      .map((scope) => ({ name: scope, description: dice.one(['May do', 'Darf: #1']) })),
    ...maybe(dice, { token_ttl_seconds: dice.one([60, 600]) }),
    ...maybe(dice, { signing_alg: dice.one(['RS256', 'EdDSA', 'ES256']) }),
    ...maybe(dice, { requirement: dice.one(['mfa', 'any']) }),
    ...maybe(dice, { enforces_roles: true }),
    ...maybe(dice, { disabled: dice.chance(0.5) }),
  };
}

function randomProviders(dice: Dice, roles: readonly Role[]) {
  const domains = dice.some(['a.example', 'b.example', 'c.example'], 0.8);
  const oidc = dice.some(['contoso', 'fabrikam']).map((slug) => randomOidc(dice, slug, { domains, roles }));
  const ldap = {
    slug: 'directory',
    kind: 'ldap',
    name: 'Directory',
    domains: domains.splice(0, 1),
    settings: { url: 'ldaps://ldap.example', base: `dc=${dice.one(['x', 'y'])}`, is_default: true },
  };
  return [...oidc, ...(dice.chance(0.5) ? [ldap] : [])];
}

/** Takes of the domains. */
function randomOidc(
  dice: Dice,
  slug: string,
  { domains, roles }: { domains: string[]; roles: readonly Role[] },
) {
  return {
    slug,
    kind: 'oidc',
    name: dice.one(['Contoso', 'Fabrikam']),
    domains: domains.splice(0, dice.below(2)),
    settings: {
      issuer: `https://${dice.one(['a', 'b'])}.example`,
      client_id: 'us',
      auth_method: 'none',
      ...maybe(dice, { scopes: dice.one([['openid'], ['email', 'openid']]) }),
      ...maybe(dice, { acr_values: ['b', 'a'] }),
    },
    ...maybe(dice, { mapping: dice.one([{ name: 'cn' }, { picture: null, email: 'upn' }]) }),
    ...maybe(dice, { provisioning: 'link-only' }),
    ...maybe(dice, { trusts_mfa: true }),
    ...maybe(dice, { groups_attribute: 'memberOf' }),
    groups: dice
      .some(roles)
      .map(({ api, name: role }) => ({ group: dice.one(['staff', 'CN=a b']), api, role })),
    ...maybe(dice, { disabled: dice.chance(0.5) }),
  };
}

function randomRole(dice: Dice, name: string, { audience, scopes }: ReturnType<typeof randomApi>) {
  return {
    api: audience,
    name,
    scopes: dice.some(scopes).map((scope) => scope.name),
    ...maybe(dice, { description: 'Works — “hard”' }),
  };
}

function randomClient(
  dice: Dice,
  id: string,
  known: {
    readonly apis: readonly ReturnType<typeof randomApi>[];
    readonly roles: readonly Role[];
    readonly ids: readonly string[];
    readonly issuers: readonly string[];
  },
) {
  const kind = dice.one(['web', 'spa', 'native', 'machine', 'device', 'api']);
  const usesCode = ['web', 'spa', 'native'].includes(kind);
  const { apis, roles, ids, issuers } = known;
  const audiences = apis.map(({ audience }) => audience);
  return {
    client_id: id,
    kind,
    ...(usesCode && {
      redirect_uris: [
        'https://a.example/cb',
        ...dice.some(['https://b.example/cb?x=1', 'https://a.example/other']),
      ],
    }),
    ...maybe(dice, { client_name: dice.one(['Shop', 'null', 'Läden & Co']) }),
    ...maybe(dice, { contacts: dice.some(['b@example.com', 'a@example.com']) }),
    ...(usesCode &&
      maybe(dice, { scope: dice.some(['openid', 'email', 'profile'], 0.9).join(' ') || 'openid' })),
    ...maybe(dice, { dpop_bound_access_tokens: true }),
    ...maybe(dice, { first_party: true }),
    ...maybe(dice, { requirement: 'phishing-resistant' }),
    apis: dice
      .some(apis)
      .map(({ audience, scopes }) => ({ audience, scopes: dice.some(scopes).map(({ name }) => name) })),
    ...(audiences.length > 0 && maybe(dice, { default_api: dice.one(audiences) })),
    ...(audiences.length > 0 && kind === 'api' && maybe(dice, { acts_for: dice.one(audiences) })),
    ...maybe(dice, {
      exchange: {
        impersonation: dice.chance(0.5),
        apis: dice.some(audiences),
        client_ids: dice.some(ids),
        trusted_issuers: dice.some(issuers),
      },
    }),
    ...maybe(dice, {
      brand: dice.one([{ color: '#AABBCC' }, { logo: LOGO }, { color: '#000000', logo: LOGO }]),
    }),
    ...maybe(dice, { roles: dice.some(roles).map(({ api, name: role }) => ({ api, role })) }),
    ...maybe(dice, { disabled: dice.chance(0.5) }),
  };
}

function maybe<T extends object>(dice: Dice, members: T): Partial<T> {
  return dice.chance(0.5) ? members : {};
}
