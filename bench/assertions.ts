import { randomBytes, sign } from 'node:crypto';

import type { Credentials } from './seed.ts';

/** Client assertions (RFC 7523), signed in bulk so that a burst measures the server's work and not ours. */
export interface Assertions {
  /** Makes sure that so many are ready. */
  provide(count: number): void;
  /** Each once; signed on the spot when none is left. */
  next(): string;
}

/** The most Guichet accepts. */
const TTL_SECONDS = 300;

export function createAssertions({ id, key }: Credentials['signer'], audience: string): Assertions {
  const header = base64url({ alg: 'ES256', typ: 'JWT' });
  let ready: string[] = [];

  function make(now: number): string {
    const claims = {
      iss: id,
      sub: id,
      aud: audience,
      jti: randomBytes(16).toString('base64url'),
      iat: now,
      exp: now + TTL_SECONDS,
    };
    const signed = `${header}.${base64url(claims)}`;
    const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  }

  return {
    provide(count) {
      // Old ones go: they expire.
      ready = Array.from({ length: count }, () => make(epochSeconds()));
    },
    next: () => ready.pop() ?? make(epochSeconds()),
  };
}

function epochSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
