import { pick, type Draw } from './generate.ts';

type Example = (known: readonly string[], draw: Draw) => unknown;

const word = (draw: Draw): string => Math.floor(draw() * 1e9).toString(36);

/** Bodies that are accepted, mostly: what is drawn member by member hardly ever is, where members belong together. */
export const EXAMPLES: Readonly<Record<string, Example>> = {
  'clients.create': (_known, draw) => ({
    kind: pick(draw, ['machine', 'web', 'spa', 'native']),
    client_name: word(draw),
    redirect_uris: draw() < 0.5 ? ['https://a.example/cb'] : undefined,
  }),
  'clients.update': (_known, draw) => ({ client_name: word(draw), tos_uri: null }),
  'clients.rotate-secret': (_known, draw) => ({ overlap_seconds: Math.floor(draw() * 100) }),
  'clients.set-brand': () => ({ color: '#aabbcc', logo: 'PHN2ZyB4bWxucz0iIi8+' }),
  'apis.create': (_known, draw) => ({
    audience: `https://api.example/${word(draw)}`,
    name: 'An API',
    scopes: [{ name: 'read', description: 'Read' }],
  }),
  'apis.update': (_known, draw) => ({ name: word(draw), token_ttl_seconds: 600 }),
  'users.create': (_known, draw) => ({ email: `${word(draw)}@example.org`, profile: { name: word(draw) } }),
  'users.update': (_known, draw) => ({ profile: { nickname: word(draw), website: null } }),
  'users.invite': (_known, draw) => ({ email: `${word(draw)}@example.org` }),
  'identity-providers.create': (_known, draw) => ({
    kind: 'oidc',
    name: word(draw),
    slug: `p-${word(draw)}`,
    settings: { issuer: `http://localhost:1/${word(draw)}`, client_id: 'guichet' },
    client_secret: 'secret',
  }),
  'identity-providers.update': (_known, draw) => ({ name: word(draw), settings: { acr_values: ['mfa'] } }),
  'trusted-issuers.create': (_known, draw) => ({
    issuer: `https://issuer.example/${word(draw)}`,
    identity_provider: 'fuzzed-too',
  }),
  'roles.create': (known, draw) => ({ api: known[2], name: `r.${word(draw)}`, scopes: [] }),
  'roles.update': (_known, draw) => ({ description: word(draw) }),
  'roles.give': (known) => ({ account_id: known[1] }),
  'blocks.create': (_known, draw) => ({
    network: `203.0.113.${Math.floor(draw() * 256)}`,
    reason: word(draw),
    expires_at: draw() < 0.5 ? '9999-12-31T23:59:59Z' : undefined,
  }),
};
