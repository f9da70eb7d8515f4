import type { JSONWebKeySet } from 'jose';
import type { AuthorizationServer } from 'oauth4webapi';
import { expect } from 'vitest';

/** RFC 7517 §4, RFC 7518 §6: the members that must stay at the server. */
const PRIVATE_MEMBERS = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']);

const PUBLIC_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  RSA: ['n', 'e'],
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
};

const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** What every module of the suite begins with. */
export async function fetchKeys({ jwks_uri: uri }: AuthorizationServer): Promise<JSONWebKeySet> {
  const response = await fetch(uri ?? '');
  expect(response.status).toBe(200);
  const jwks = (await response.json()) as JSONWebKeySet;
  checkKeys(jwks);
  return jwks;
}

export function checkKeys({ keys }: JSONWebKeySet): void {
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) {
    expect(key.use).toBe('sig');
    expect(key.alg).toBeTruthy();
    expect(key.kid).toBeTruthy();
    expect(Object.keys(key).filter((member) => PRIVATE_MEMBERS.has(member))).toEqual([]);
    for (const member of PUBLIC_MEMBERS[key.kty ?? ''] ?? ['kty']) {
      expect(String(key[member as keyof typeof key])).toMatch(member === 'crv' ? /./ : BASE64URL);
    }
  }
  const kids = keys.map(({ kid }) => kid);
  expect(new Set(kids).size).toBe(kids.length);
}
