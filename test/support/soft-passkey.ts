import { createSign, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';

import { sha256 } from '../../src/crypto/digest.ts';

/**
 * The client's side of WebAuthn in software: an authenticator with one ES256 key, and a browser that can be told to lie.
 * What honest browsers do is tested in one; this is for what they would never send.
 */
export interface SoftPasskey {
  readonly id: string;
  counter: number;
  /** `RegistrationResponseJSON`. */
  register(options: string, lies?: Lies): string;
  /** `AuthenticationResponseJSON`. The counter grows with each, if it is used at all. */
  answer(options: string, lies?: Lies): string;
}

export interface Lies {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly type?: string;
  readonly userVerified?: boolean;
  readonly userPresent?: boolean;
  readonly userHandle?: string;
  readonly counter?: number;
  readonly brokenSignature?: boolean;
  readonly format?: string;
}

interface Options {
  readonly challenge: string;
  readonly rpId?: string;
  readonly rp?: { readonly id: string };
  readonly user?: { readonly id: string };
}

export function createSoftPasskey({
  origin,
  usesCounter = true,
  isSynced = false,
}: {
  origin: string;
  usesCounter?: boolean;
  isSynced?: boolean;
}): SoftPasskey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const credentialId = randomBytes(24);
  let userHandle: string | undefined;

  const clientData = (type: string, { challenge }: Options, lies: Lies) =>
    Buffer.from(
      JSON.stringify({
        type: lies.type ?? type,
        challenge: lies.challenge ?? challenge,
        origin: lies.origin ?? origin,
        crossOrigin: false,
      }),
    );

  function authenticatorData(options: Options, counter: number, lies: Lies, attested?: Buffer): Buffer {
    const { userPresent = true, userVerified = true } = lies;
    const flags =
      (userPresent ? 0x01 : 0) | (userVerified ? 0x04 : 0) | (isSynced ? 0x18 : 0) | (attested ? 0x40 : 0);
    const tail = Buffer.alloc(5);
    tail.writeUInt8(flags, 0);
    tail.writeUInt32BE(counter, 1);
    const rpId = lies.rpId ?? options.rpId ?? options.rp?.id ?? '';
    return Buffer.concat([sha256(rpId), tail, attested ?? Buffer.alloc(0)]);
  }

  const passkey: SoftPasskey = {
    id: credentialId.toString('base64url'),
    counter: 0,
    register(text, lies = {}) {
      const options: Options = JSON.parse(text);
      userHandle = options.user?.id;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(credentialId.length);
      const attested = Buffer.concat([Buffer.alloc(16), length, credentialId, coseKey(publicKey)]);
      const authData = authenticatorData(options, 0, lies, attested);
      const attestationObject = cbor(
        new Map<string, unknown>([
          ['fmt', lies.format ?? 'none'],
          ['attStmt', new Map()],
          ['authData', authData],
        ]),
      );
      return JSON.stringify({
        id: passkey.id,
        rawId: passkey.id,
        type: 'public-key',
        response: {
          clientDataJSON: clientData('webauthn.create', options, lies).toString('base64url'),
          attestationObject: attestationObject.toString('base64url'),
          transports: ['internal'],
        },
      });
    },
    answer(text, lies = {}) {
      const options: Options = JSON.parse(text);
      if (usesCounter) passkey.counter += 1;
      const authData = authenticatorData(options, lies.counter ?? passkey.counter, lies);
      const data = clientData('webauthn.get', options, lies);
      const signed = Buffer.concat([authData, sha256(lies.brokenSignature ? 'else' : data)]);
      return JSON.stringify({
        id: passkey.id,
        rawId: passkey.id,
        type: 'public-key',
        response: {
          clientDataJSON: data.toString('base64url'),
          authenticatorData: authData.toString('base64url'),
          signature: createSign('sha256').update(signed).sign(privateKey).toString('base64url'),
          userHandle: lies.userHandle ?? userHandle,
        },
      });
    },
  };
  return passkey;
}

/** RFC 9053 §7.1.1. */
function coseKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  return cbor(
    new Map<number, unknown>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ]),
  );
}

/** As much of RFC 8949 as is needed here: small numbers, bytes, texts, maps. */
function cbor(value: unknown): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (typeof value === 'string')
    return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Map) {
    const members = [...value].flatMap(([key, member]) => [cbor(key), cbor(member)]);
    return Buffer.concat([head(5, value.size), ...members]);
  }
  throw new TypeError('not needed here');
}

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.of((major << 5) | length);
  if (length < 256) return Buffer.of((major << 5) | 24, length);
  return Buffer.of((major << 5) | 25, length >> 8, length & 0xff);
}
