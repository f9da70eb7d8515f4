import { createInitialAccessToken } from '../../src/grants/create-initial-access-token.ts';
import { createWalker } from '../support/browser-walker.ts';
import { ORDERS } from '../support/factories.ts';
import { claimsFor, makeSigner } from '../standards/forge.ts';
import { post, postJson } from '../standards/http.ts';
import {
  addClient,
  authorizationRequest,
  authorize,
  authorizeUrl,
  issue,
  machineToken,
  type Scene,
} from '../standards/scene.ts';

/** A request that is right, with whatever it needs to get far: live tokens, cookies, form tokens. */
export interface Seed {
  readonly method: string;
  readonly path: string;
  readonly query?: readonly (readonly [string, string])[];
  readonly form?: readonly (readonly [string, string])[];
  readonly json?: Readonly<Record<string, unknown>>;
  readonly headers?: readonly (readonly [string, string])[];
}

type Fields = Readonly<Record<string, string | undefined>>;

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/** One request at least for every endpoint, and for every grant and way to authenticate at the token endpoint. */
export async function collectSeeds(scene: Scene): Promise<readonly Seed[]> {
  const { issuer } = scene;
  const web = await addClient(scene, 'web', {
    metadata: { post_logout_redirect_uris: ['https://rp.example/bye'] },
  });
  const spa = await addClient(scene, 'spa');
  const machine = await addClient(scene, 'machine');
  const device = await addClient(scene, 'device');
  const signer = makeSigner();
  const keyed = await addClient(scene, 'machine', {
    metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [signer.jwk] } },
  });
  const basic = pairs(web.headers);
  const machineBasic = pairs(machine.headers);

  const tokens = await issue(scene, web);
  const userinfo = await issue(scene, spa, { scope: 'openid profile', resource: undefined });
  const spare = String((await machineToken(scene, machine)).json['access_token']);
  const flow = await authorize(scene, web);
  const asked = authorizationRequest(web).fields;
  const pushed = await post(`${issuer}/request`, asked, web.headers);
  const devices = await post(`${issuer}/device/auth`, { client_id: device.id, scope: 'openid' });
  const { token: invitation } = await createInitialAccessToken(scene.server.services, {
    ttlSeconds: 3600,
    actor: 'test',
  });
  const metadata = {
    redirect_uris: ['https://rp.example/new'],
    client_name: 'New',
    contacts: ['a@example.org'],
  };
  const registered = await postJson(`${issuer}/reg`, metadata, { Authorization: `Bearer ${invitation}` });
  const client = `/reg/${String(registered.json['client_id'])}`;
  const management = bearer(String(registered.json['registration_access_token']));
  const proof = (path: string, claims: object = {}) =>
    signer.sign(
      { alg: 'ES256', typ: 'dpop+jwt', jwk: signer.jwk },
      { htm: 'POST', htu: issuer + path, jti: 'fuzz', iat: Math.floor(Date.now() / 1000), ...claims },
    );

  const walker = createWalker({ origin: issuer });
  const signIn = await walker.visit(authorizeUrl(scene, asked));
  const interaction = signIn.url.pathname;
  const inBrowser = [['Cookie', walker.cookies.headerFor(signIn.url)] as const];
  const csrf = signIn.forms[0]?.fields['csrf'] ?? '';
  const enter = await walker.visit('/device');
  const leave = createWalker({ origin: issuer });
  await authorize(scene, web, {}, leave);
  const signOut = await leave.visit('/session/end');
  const leaving = [['Cookie', leave.cookies.headerFor(new URL(issuer))] as const];
  const deviceCookie = [['Cookie', walker.cookies.headerFor(enter.url)] as const];

  const token = (fields: Fields, headers: Seed['headers'] = basic): Seed => ({
    method: 'POST',
    path: '/token',
    form: pairs(fields),
    headers,
  });
  const form = (path: string, fields: Fields, headers: Seed['headers'] = basic): Seed => ({
    method: 'POST',
    path,
    form: pairs(fields),
    headers,
  });
  const get = (path: string, query: Fields = {}, headers: Seed['headers'] = []): Seed => ({
    method: 'GET',
    path,
    query: pairs(query),
    headers,
  });

  return [
    get('/auth', asked),
    get('/auth', { ...asked, prompt: 'none', claims: '{"userinfo":{"email":null}}', max_age: '10' }, leaving),
    get('/auth', {
      ...asked,
      response_mode: 'form_post',
      prompt: 'none',
      ui_locales: 'fr',
      login_hint: 'ada',
    }),
    get(
      '/auth',
      { ...asked, id_token_hint: tokens.id, prompt: 'none', acr_values: 'a b', display: 'page' },
      leaving,
    ),
    get('/auth', { client_id: web.id, request_uri: String(pushed.json['request_uri']) }),
    form('/auth', asked, []),
    get(`/auth/${interaction.split('/').at(-1)}`, {}, inBrowser),
    form('/request', asked),
    form('/request', { ...asked, client_id: spa.id }, [['DPoP', proof('/request')]]),
    token({ grant_type: 'client_credentials', resource: ORDERS, scope: 'orders:read' }, machineBasic),
    token(
      {
        grant_type: 'client_credentials',
        client_id: machine.id,
        client_secret: machine.secret,
        resource: ORDERS,
      },
      [],
    ),
    token({ grant_type: 'client_credentials', resource: ORDERS }, [
      ...machineBasic,
      ['DPoP', proof('/token')],
    ]),
    token(
      {
        grant_type: 'client_credentials',
        resource: ORDERS,
        client_assertion_type: JWT_BEARER,
        client_assertion: signer.sign({ alg: 'ES256', kid: 'key-1' }, claimsFor(keyed.id, issuer)),
      },
      [],
    ),
    token({
      grant_type: 'authorization_code',
      code: flow.code,
      redirect_uri: web.redirectUri,
      code_verifier: flow.verifier,
    }),
    token({ grant_type: 'refresh_token', refresh_token: tokens.refresh, scope: 'openid' }),
    token({ grant_type: 'refresh_token', refresh_token: userinfo.refresh, client_id: spa.id }, [
      ['Origin', 'https://rp.example'],
    ]),
    token(
      { grant_type: DEVICE_CODE, device_code: String(devices.json['device_code']), client_id: device.id },
      [],
    ),
    form('/token/introspection', { token: tokens.access, token_type_hint: 'access_token' }),
    form('/token/introspection', { token: tokens.refresh }),
    form('/token/revocation', { token: spare, token_type_hint: 'access_token' }, machineBasic),
    form('/token/revocation', { token: 'unknown' }),
    get('/verify', { audience: ORDERS, scope: 'orders:read' }, bearer(tokens.access)),
    get('/verify', { audience: ORDERS, any_scope: 'a b', max_age: '10', resource_metadata: issuer }, [
      ['Authorization', `DPoP ${tokens.access}`],
      ['DPoP', proof('/orders', { htm: 'GET', ath: 'x' })],
      ['X-Original-Method', 'GET'],
      ['X-Original-URL', `${issuer}/orders`],
    ]),
    get('/me', {}, bearer(userinfo.access)),
    form('/me', { access_token: userinfo.access }, []),
    get('/me', {}, [
      ['Authorization', `DPoP ${userinfo.access}`],
      ['DPoP', proof('/me', { htm: 'GET', ath: 'x' })],
    ]),
    form('/device/auth', { client_id: device.id, scope: 'openid', claims: '{"id_token":{"acr":null}}' }, []),
    get('/device', { user_code: String(devices.json['user_code']) }, deviceCookie),
    form('/device', { xsrf: enter.forms[0]?.fields['xsrf'], user_code: 'BBBB-BBBB' }, deviceCookie),
    get('/device/unknown', {}, deviceCookie),
    get('/session/end', {
      id_token_hint: tokens.id,
      post_logout_redirect_uri: 'https://rp.example/bye',
      state: 'x',
    }),
    form('/session/end', { client_id: web.id, logout_hint: 'x', ui_locales: 'fr' }, leaving),
    form('/session/end/confirm', { xsrf: signOut.forms[0]?.fields['xsrf'] }, leaving),
    get('/session/end/success', { client_id: web.id }),
    get(interaction, {}, inBrowser),
    form(`${interaction}/sign-in`, { csrf, identifier: 'nobody', password: 'x', remember: 'yes' }, inBrowser),
    form(`${interaction}/consent`, { csrf, decision: 'allow' }, inBrowser),
    form(`${interaction}/keep`, { csrf }, inBrowser),
    { method: 'POST', path: '/reg', json: metadata, headers: bearer(invitation) },
    { method: 'GET', path: client, headers: management },
    {
      method: 'PUT',
      path: client,
      json: { ...metadata, client_id: registered.json['client_id'], client_secret: 'x' },
      headers: management,
    },
    get('/jwks'),
    get('/.well-known/openid-configuration'),
    get('/.well-known/oauth-authorization-server'),
    get('/'),
    get('/livez'),
    get('/readyz'),
    get('/assets/guichet.css'),
    get('/nothing'),
  ];
}

function pairs(fields: Fields): [string, string][] {
  return Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== undefined);
}

function bearer(token: string): [string, string][] {
  return [['Authorization', `Bearer ${token}`]];
}
