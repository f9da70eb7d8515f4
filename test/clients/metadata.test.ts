import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { CLIENT_KINDS } from '../../src/clients/kinds.ts';
import { validateClientMetadata, type MetadataPolicy } from '../../src/clients/metadata.ts';
import { AppError } from '../../src/errors.ts';

const OPERATOR: MetadataPolicy = { origin: 'operator', mode: 'production' };
const DEVELOPER: MetadataPolicy = { origin: 'operator', mode: 'development' };
const STRANGER: MetadataPolicy = { origin: 'dynamic', mode: 'production' };

const WEB = { client_name: 'Shop', ...CLIENT_KINDS.web, redirect_uris: ['https://shop.example/cb'] };
const NATIVE = { client_name: 'App', ...CLIENT_KINDS.native, redirect_uris: ['com.example.app:/cb'] };
const MACHINE = { client_name: 'Nightly', ...CLIENT_KINDS.machine };

/** The code of the refusal, or `accepted`. */
function verdict(metadata: Record<string, unknown>, policy: MetadataPolicy = OPERATOR): string {
  try {
    validateClientMetadata(metadata, policy);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.status).toBe(400);
    // RFC 6749 §5.2: what an error_description may hold.
    expect(error.message).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
    return error.code;
  }
}

function jwkOf(type: 'rsa' | 'ec' | 'ed25519', size?: number | string): Record<string, unknown> {
  const { publicKey } =
    type === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: Number(size) })
      : type === 'ec'
        ? generateKeyPairSync('ec', { namedCurve: String(size) })
        : generateKeyPairSync('ed25519');
  return { ...publicKey.export({ format: 'jwk' }) };
}

function withKeys(keys: unknown): Record<string, unknown> {
  return { ...WEB, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys } };
}

describe('redirect URIs of a web client', () => {
  test.each([
    'https://shop.example/cb',
    'https://shop.example/cb?tenant=1',
    'https://shop.example:8443/cb',
    'https://xn--bcher-kva.example/cb',
    'http://localhost:3000/cb',
    'http://127.0.0.1/cb',
    'http://[::1]:8080/cb',
  ])('%s is accepted', (uri) => {
    expect(verdict({ ...WEB, redirect_uris: [uri] })).toBe('accepted');
  });

  test.each([
    'http://shop.example/cb',
    'http://localhost.evil.example/cb',
    'http://127.0.0.1.evil.example/cb',
    'http://127.1/cb',
    'http://0x7f.0.0.1/cb',
    'http://2130706433/cb',
    'http://192.168.0.1/cb',
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'com.example.app:/cb',
    'https://*.shop.example/cb',
    'https://shop.example/*',
    'https://shop.example/cb#fragment',
    'https://shop.example/cb#',
    'https://user:secret@shop.example/cb',
    'https://user@shop.example/cb',
    'https://@shop.example/cb',
    'https:shop.example/cb',
    'https:/shop.example/cb',
    'https:\\\\shop.example\\cb',
    'https://shop.example\\@evil.example/cb',
    '//shop.example/cb',
    '/cb',
    'shop.example/cb',
    'https://',
    'https:///cb',
    '',
    ' https://shop.example/cb',
    'https://shop.example/cb ',
    'https://shop.example/c b',
    'https://shop.example/\0cb',
    'https://shop.example/cb\n',
    'https://shop.example/%0',
    'https://shop.example/"cb',
    'https://shop.example/<cb>',
    'https://bücher.example/cb',
    'https://shop.example/\ud800',
    'https://shop.example/a/../cb',
    'https://shop.example/a/%2e%2e/cb',
    'https://shop.example/.',
    'https://shop.example./../cb',
    `https://shop.example/${'a'.repeat(2000)}`,
  ])('%j is refused', (uri) => {
    expect(verdict({ ...WEB, redirect_uris: [uri] })).toBe('invalid_redirect_uri');
    expect(verdict({ ...WEB, redirect_uris: ['https://shop.example/cb', uri] }, STRANGER)).toBe(
      'invalid_redirect_uri',
    );
  });

  test.each([[null], [undefined], [[]], ['https://shop.example/cb'], [[42]], [[{}]], [[null]], [{ 0: 'x' }]])(
    '%j in their place is refused',
    (uris) => {
      expect(verdict({ ...WEB, redirect_uris: uris })).toBe('invalid_redirect_uri');
    },
  );

  test('fifty at most', () => {
    const uris = Array.from({ length: 51 }, (_, index) => `https://shop.example/${index}`);
    expect(verdict({ ...WEB, redirect_uris: uris.slice(1) })).toBe('accepted');
    expect(verdict({ ...WEB, redirect_uris: uris })).toBe('invalid_redirect_uri');
  });

  test('the same rules hold after sign-out', () => {
    const uris = { post_logout_redirect_uris: ['http://shop.example/'] };
    expect(verdict({ ...WEB, ...uris })).toBe('invalid_client_metadata');
  });
});

describe('redirect URIs of a native client', () => {
  test.each(['com.example.app:/cb', 'com.example.app://cb', 'http://127.0.0.1/cb', 'https://app.example/cb'])(
    '%s is accepted',
    (uri) => {
      expect(verdict({ ...NATIVE, redirect_uris: [uri] })).toBe('accepted');
    },
  );

  test.each([
    'javascript:alert(1)',
    'vbscript:x',
    'data:text/html,x',
    'myapp:/cb',
    'http://app.example/cb',
    'https://localhost/cb',
    'com.example.app:/cb#x',
    'com.example.*:/cb',
    'com.example.app://user@cb',
    'com.example.app:/../cb',
  ])('%s is refused', (uri) => {
    expect(verdict({ ...NATIVE, redirect_uris: [uri] })).toBe('invalid_redirect_uri');
  });
});

describe('other URIs', () => {
  const PAGES = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri'];
  const FETCHED = ['backchannel_logout_uri', 'jwks_uri'];

  test.each([...PAGES, ...FETCHED, 'initiate_login_uri', 'sector_identifier_uri'])(
    '%s has to be https',
    (member) => {
      expect(verdict({ ...WEB, [member]: 'https://shop.example/x' })).toBe('accepted');
      for (const uri of [
        'http://shop.example/x',
        'javascript:alert(1)',
        'data:,x',
        '/x',
        '',
        7,
        'https://u@shop.example/x',
      ]) {
        expect(verdict({ ...WEB, [member]: uri })).toBe('invalid_client_metadata');
      }
    },
  );

  test.each([...PAGES, ...FETCHED])('%s may be http on loopback for an operator who develops', (member) => {
    const metadata = { ...WEB, [member]: 'http://localhost:4000/x' };
    expect(verdict(metadata, DEVELOPER)).toBe('accepted');
    expect(verdict(metadata, OPERATOR)).toBe('invalid_client_metadata');
    expect(verdict(metadata, { origin: 'dynamic', mode: 'development' })).toBe('invalid_client_metadata');
  });

  test.each([
    'https://localhost/x',
    'https://127.0.0.1/x',
    'https://[::1]/x',
    'https://169.254.169.254/x',
    'https://intranet/x',
    'https://db.internal/x',
    'https://printer.local/x',
  ])('a stranger may not make us fetch %s', (uri) => {
    for (const member of [...FETCHED, 'sector_identifier_uri']) {
      expect(verdict({ ...WEB, [member]: uri }, STRANGER)).toBe('invalid_client_metadata');
    }
  });

  test('a back-channel logout URI has no fragment', () => {
    expect(verdict({ ...WEB, backchannel_logout_uri: 'https://shop.example/x#y' })).toBe(
      'invalid_client_metadata',
    );
  });
});

describe('names', () => {
  test.each(['Shop', 'Bücher & Söhne', '店', "O'Neill", '🎟 Guichet'])('%s is accepted', (client_name) => {
    expect(verdict({ ...WEB, client_name })).toBe('accepted');
  });

  test.each([
    'Shop\0',
    'Shop\n',
    'Shop\u001b[31m',
    'Shop\u0085',
    '\u202epohS',
    'Sh\u200bop',
    'Shop\u2028',
    '\ufeffShop',
    '\ud800',
    '<script>alert(1)</script>',
    'x'.repeat(10_000),
    '',
    42,
    {},
    ['Shop'],
  ])('%j is refused', (client_name) => {
    expect(verdict({ ...WEB, client_name })).toBe('invalid_client_metadata');
  });

  test('contacts are e-mail addresses', () => {
    expect(verdict({ ...WEB, contacts: ['ops@shop.example'] })).toBe('accepted');
    for (const contacts of [
      ['ops'],
      ['ops@shop.example\n'],
      'ops@shop.example',
      Array(11).fill('a@b.example'),
    ]) {
      expect(verdict({ ...WEB, contacts })).toBe('invalid_client_metadata');
    }
  });
});

describe('grants and authentication', () => {
  test.each([
    [{ ...WEB, response_types: ['token'] }],
    [{ ...WEB, response_types: ['code id_token'] }],
    [{ ...WEB, response_types: ['code', 'none'] }],
    [{ ...WEB, response_types: [] }],
    [{ ...WEB, response_types: 'code' }],
    [{ ...WEB, grant_types: ['authorization_code', 'implicit'] }],
    [{ ...WEB, grant_types: ['password'] }],
    [{ ...WEB, grant_types: ['urn:ietf:params:oauth:grant-type:jwt-bearer'] }],
    [{ ...WEB, grant_types: ['client_credentials'] }],
    [{ ...MACHINE, grant_types: ['client_credentials', 'refresh_token'] }],
    [{ ...MACHINE, token_endpoint_auth_method: 'none' }],
    [{ ...MACHINE, response_types: ['code'] }],
    [{ ...WEB, response_modes: ['web_message'] }],
    [{ ...WEB, response_modes: [] }],
    [{ ...WEB, token_endpoint_auth_method: 'client_secret_jwt' }],
    [{ ...WEB, token_endpoint_auth_method: 'tls_client_auth' }],
    [{ ...WEB, token_endpoint_auth_method: 'private_key_jwt' }],
    [{ ...WEB, token_endpoint_auth_signing_alg: 'RS256' }],
    [{ ...WEB, application_type: 'desktop' }],
    [{ ...WEB, subject_type: 'pairwise' }],
    [{ ...WEB, default_max_age: -1 }],
    [{ ...WEB, default_max_age: 1.5 }],
    [{ ...WEB, default_max_age: '60' }],
    [{ ...WEB, require_auth_time: 'true' }],
    [{ ...WEB, dpop_bound_access_tokens: 1 }],
    [{ ...WEB, scope: 'openid orders:read' }],
    [{ ...WEB, no_such_member: true }],
    [{ ...WEB, ['__proto__']: 'x' }],
    [{ ...WEB, constructor: 'x' }],
  ])('%j is refused', (metadata) => {
    expect(verdict(metadata)).toBe('invalid_client_metadata');
  });

  test.each([
    'id_token_signed_response_alg',
    'token_endpoint_auth_signing_alg',
    'userinfo_signed_response_alg',
    'request_object_signing_alg',
    'authorization_signed_response_alg',
    'introspection_signed_response_alg',
    'id_token_encrypted_response_alg',
  ])('%s cannot be symmetric or none, whoever asks', (member) => {
    for (const alg of ['HS256', 'HS512', 'none', 'A128KW', 'dir', 'PBES2-HS256+A128KW']) {
      const metadata = {
        ...WEB,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: 'https://shop.example/jwks',
      };
      expect(verdict({ ...metadata, [member]: alg }, STRANGER)).toBe('invalid_client_metadata');
      expect(verdict({ ...metadata, [member]: alg }, OPERATOR)).toBe('invalid_client_metadata');
    }
  });

  test('every kind is valid with the URIs it needs', () => {
    for (const [kind, metadata] of Object.entries(CLIENT_KINDS)) {
      const redirect_uris = metadata.response_types.length > 0 ? ['https://shop.example/cb'] : [];
      expect([kind, verdict({ client_name: kind, ...metadata, redirect_uris })]).toEqual([kind, 'accepted']);
    }
  });

  test('defaults are filled in', () => {
    expect(validateClientMetadata({ redirect_uris: ['https://shop.example/cb'] }, STRANGER)).toEqual({
      application_type: 'web',
      redirect_uris: ['https://shop.example/cb'],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'RS256',
    });
  });

  test('what a stranger says beyond what we know is ignored, and so is what only we may say', () => {
    const stored = validateClientMetadata(
      {
        ...WEB,
        no_such_member: true,
        scope: 'openid orders:read',
        client_id: 'usr_1',
        client_secret: 'chosen',
        client_id_issued_at: 1,
        registration_access_token: 'x',
      },
      STRANGER,
    );
    expect(Object.keys(stored).sort()).toEqual(
      [...Object.keys(WEB), 'id_token_signed_response_alg', 'scope'].sort(),
    );
    expect(stored['scope']).toBe('openid');
  });
});

describe('keys', () => {
  const RSA = jwkOf('rsa', 2048);
  const EC = jwkOf('ec', 'P-256');
  const ED = jwkOf('ed25519');

  test('public RSA, EC and Ed25519 keys are accepted, and only their public members kept', () => {
    const keys = [
      { ...RSA, kid: 'a', x5u: 'https://evil.example' },
      { ...EC, kid: 'b', use: 'sig', alg: 'ES256', extra: 1 },
      ED,
    ];
    const stored = validateClientMetadata(withKeys(keys), STRANGER);
    expect(stored['jwks']).toEqual({
      keys: [{ ...RSA, kid: 'a' }, { ...EC, kid: 'b', use: 'sig', alg: 'ES256' }, ED],
    });
  });

  const small = jwkOf('rsa', 1024);
  const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });

  test.each<[string, unknown]>([
    ['RSA-1024', [small]],
    ['an RSA exponent of 1', [{ ...RSA, e: 'AQ' }]],
    ['an RSA exponent of 3', [{ ...RSA, e: 'Aw' }]],
    ['an enormous modulus', [{ ...RSA, n: 'A'.repeat(100_000) }]],
    ['a point off its curve', [{ ...EC, y: EC['x'] }]],
    ['a point of another curve', [{ ...EC, crv: 'P-384' }]],
    ['an unusual curve', [jwkOf('ec', 'secp256k1')]],
    ['a private EC key', [privateKey]],
    ['a private RSA member', [{ ...RSA, d: 'AQAB' }]],
    ['another private RSA member', [{ ...RSA, qi: 'AQAB' }]],
    ['a symmetric key', [{ kty: 'oct', k: 'c2VjcmV0' }]],
    ['an algorithm for symmetric keys', [{ ...RSA, alg: 'HS256' }]],
    ['no algorithm at all', [{ ...RSA, alg: 'none' }]],
    ['an unknown kind', [{ kty: 'XYZ' }]],
    ['an inherited kind', [{ kty: 'constructor' }]],
    ['members that are no strings', [{ ...RSA, n: 5 }]],
    ['members that are not base64url', [{ ...RSA, n: '+/==' }]],
    ['missing members', [{ kty: 'EC', crv: 'P-256', x: EC['x'] }]],
    ['a kid of 10 kB', [{ ...RSA, kid: 'k'.repeat(10_000) }]],
    ['a kid with NUL', [{ ...RSA, kid: 'k\0' }]],
    [
      'a kid used twice',
      [
        { ...RSA, kid: 'k' },
        { ...EC, kid: 'k' },
      ],
    ],
    ['no key', []],
    ['too many keys', Array(21).fill(EC)],
    ['no array', { 0: RSA }],
    ['no keys', undefined],
    ['something else in their place', [null]],
  ])('%s is refused', (_name, keys) => {
    expect(verdict(withKeys(keys))).toBe('invalid_client_metadata');
    expect(verdict(withKeys(keys), STRANGER)).toBe('invalid_client_metadata');
  });

  test('keys are either given or fetched', () => {
    expect(verdict({ ...withKeys([RSA]), jwks_uri: 'https://shop.example/jwks' })).toBe(
      'invalid_client_metadata',
    );
  });
});
