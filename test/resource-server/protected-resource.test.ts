import { describe, expect, test } from 'vitest';

import {
  createMetadataAnswer,
  protectedResourceMetadata,
  resourceMetadataUrl,
} from '../../src/resource-server/protected-resource.ts';

const resource = 'https://api.example/orders';
const authorizationServers = ['https://login.example'];

describe('RFC 9728 §2 the document', () => {
  test('says what was said and leaves the rest out', () => {
    expect(protectedResourceMetadata({ resource, authorizationServers })).toEqual({
      resource,
      authorization_servers: authorizationServers,
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA', 'Ed25519'],
    });
    expect(
      protectedResourceMetadata({
        resource,
        authorizationServers: [],
        scopesSupported: ['orders:read'],
        bearerMethodsSupported: [],
        dpopRequired: true,
        certificateRequired: false,
        resourceName: 'Orders',
        resourceDocumentation: 'https://api.example/docs',
        resourcePolicyUri: 'https://api.example/policy',
        resourceTosUri: 'https://api.example/tos',
      }),
    ).toEqual({
      resource,
      scopes_supported: ['orders:read'],
      dpop_signing_alg_values_supported: expect.any(Array),
      dpop_bound_access_tokens_required: true,
      tls_client_certificate_bound_access_tokens: false,
      resource_name: 'Orders',
      resource_documentation: 'https://api.example/docs',
      resource_policy_uri: 'https://api.example/policy',
      resource_tos_uri: 'https://api.example/tos',
    });
  });

  test('is about an https URL without fragment, on loopback also http', () => {
    for (const wrong of ['', 'orders', 'urn:orders', 'http://api.example', `${resource}#x`, `${resource}#`]) {
      expect(() => protectedResourceMetadata({ resource: wrong, authorizationServers }), wrong).toThrow(
        TypeError,
      );
    }
    expect(() => protectedResourceMetadata({ resource, authorizationServers: ['login.example'] })).toThrow(
      TypeError,
    );
    protectedResourceMetadata({
      resource: 'http://localhost:4001',
      authorizationServers: ['http://[::1]:3000'],
    });
  });
});

test('RFC 9728 §3.1 its address has the well-known part between host and path', () => {
  const addresses = {
    'https://api.example': 'https://api.example/.well-known/oauth-protected-resource',
    'https://api.example/': 'https://api.example/.well-known/oauth-protected-resource',
    'https://api.example/orders': 'https://api.example/.well-known/oauth-protected-resource/orders',
    'https://api.example/orders/': 'https://api.example/.well-known/oauth-protected-resource/orders/',
    'https://api.example:8443/a/b?c=d':
      'https://api.example:8443/.well-known/oauth-protected-resource/a/b?c=d',
    'https://api.example?c=d': 'https://api.example/.well-known/oauth-protected-resource?c=d',
  };
  for (const [name, url] of Object.entries(addresses)) expect(resourceMetadataUrl(name)).toBe(url);
});

describe('the answer', () => {
  const answer = createMetadataAnswer({ resource, authorizationServers });
  const path = '/.well-known/oauth-protected-resource/orders';

  test('is cacheable JSON that any origin may read', () => {
    for (const method of ['GET', 'HEAD']) {
      const found = answer(method, `${path}?x=y`);
      expect(found).toMatchObject({
        status: 200,
        headers: {
          'Content-Type': 'application/json',
          'Access-Control-Allow-Origin': '*',
          'Cache-Control': 'public, max-age=3600',
        },
      });
      expect(JSON.parse(found?.body ?? '')).toMatchObject({ resource });
    }
  });

  test('lets browsers ask first, and refuses what is not reading', () => {
    expect(answer('OPTIONS', path)).toMatchObject({ status: 204, body: '' });
    for (const method of ['POST', 'DELETE', 'get', '__proto__', '']) {
      expect(answer(method, path)?.status, method).toBe(405);
    }
  });

  test('is for its own address and no other', () => {
    for (const target of [
      '/',
      '/.well-known/oauth-protected-resource',
      `${path}/`,
      `${path}s`,
      `/${path}`,
      '',
    ]) {
      expect(answer('GET', target), target).toBeUndefined();
    }
    const withQuery = createMetadataAnswer({ resource: 'https://api.example?c=d', authorizationServers });
    expect(withQuery('GET', '/.well-known/oauth-protected-resource?c=d')?.status).toBe(200);
    expect(withQuery('GET', '/.well-known/oauth-protected-resource?c=e')).toBeUndefined();
  });
});
