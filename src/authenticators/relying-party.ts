import type { decodeAttestationObject } from '@simplewebauthn/server/helpers';
import { z } from 'zod';

import type { Config } from '../config/config.ts';
import type { Passkey } from './passkey.ts';

/** Who asks for passkeys: they work for this host and from its own pages only (WebAuthn §5.1.2, §13.4.9). */
export interface RelyingParty {
  readonly id: string;
  readonly origin: string;
  readonly name: string;
}

export function relyingParty({ issuer, brand }: Pick<Config, 'issuer' | 'brand'>): RelyingParty {
  const { hostname, origin } = new URL(issuer);
  return { id: hostname, origin, name: brand.name };
}

/** The library, loaded with the first ceremony: reading certificates is a sixth of a start, and a command needs none of it. */
const webauthn = () => import('@simplewebauthn/server');

/** COSE: Ed25519, ES256, RS256. */
const ALGORITHMS = [-8, -7, -257];

/** How long browsers wait for the person. */
const CEREMONY_TIMEOUT_MS = 300_000;

/** `PublicKeyCredentialRequestOptionsJSON`. Without `passkeys` the authenticator knows for itself who is signing in. */
export async function requestOptions(
  rp: RelyingParty,
  { challenge, passkeys }: { challenge: string; passkeys?: readonly Passkey[] },
): Promise<string> {
  const { generateAuthenticationOptions } = await webauthn();
  const options = await generateAuthenticationOptions({
    rpID: rp.id,
    challenge: Buffer.from(challenge, 'base64url'),
    timeout: CEREMONY_TIMEOUT_MS,
    // Alone it has to be two factors in one; after a password, one more.
    userVerification: passkeys ? 'preferred' : 'required',
    ...(passkeys ? { allowCredentials: passkeys.map(descriptorOf) } : {}),
  });
  return JSON.stringify(options);
}

/** `PublicKeyCredentialCreationOptionsJSON`. */
export async function creationOptions(
  rp: RelyingParty,
  {
    challenge,
    userHandle,
    identifier,
    displayName,
    passkeys,
  }: {
    challenge: string;
    userHandle: Buffer;
    /** What the person signs in with; the authenticator shows it. */
    identifier: string;
    displayName: string;
    /** Those the person has: an authenticator that holds one makes no second. */
    passkeys: readonly Passkey[];
  },
): Promise<string> {
  const { generateRegistrationOptions } = await webauthn();
  const options = await generateRegistrationOptions({
    rpID: rp.id,
    rpName: rp.name,
    challenge: Buffer.from(challenge, 'base64url'),
    userID: new Uint8Array(userHandle),
    userName: identifier,
    userDisplayName: displayName,
    timeout: CEREMONY_TIMEOUT_MS,
    attestationType: 'none',
    supportedAlgorithmIDs: ALGORITHMS,
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
    excludeCredentials: passkeys.map(descriptorOf),
  });
  return JSON.stringify(options);
}

function descriptorOf({ credentialId, transports }: Passkey) {
  return { id: credentialId.toString('base64url'), transports: [...transports] };
}

/** WebAuthn §4: a credential id has 1023 bytes at most. */
const CREDENTIAL_ID_LENGTH_MAX = 1364;
const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);
const credential = {
  id: base64url.max(CREDENTIAL_ID_LENGTH_MAX),
  rawId: base64url.max(CREDENTIAL_ID_LENGTH_MAX),
  type: z.literal('public-key'),
};

const assertion = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url.nullish().transform((handle) => handle ?? undefined),
  }),
});
export type Assertion = z.output<typeof assertion>;

const attestation = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z
      .array(z.string().regex(/^[a-z-]{1,20}$/))
      .max(8)
      .optional(),
  }),
});
export type Attestation = z.output<typeof attestation>;

/** What the page's script sends: `AuthenticationResponseJSON`. undefined when it is anything else. */
export function parseAssertion(text: string): Assertion | undefined {
  return parse(assertion, text);
}

/** `RegistrationResponseJSON`. */
export function parseAttestation(text: string): Attestation | undefined {
  return parse(attestation, text);
}

function parse<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export interface CheckedAssertion {
  readonly challenge: string;
  readonly counter: number;
  readonly backedUp: boolean;
  readonly userVerified: boolean;
}

/** WebAuthn §7.2 but for the counter, which the row decides. undefined when anything about it is wrong. */
export async function checkAssertion(
  rp: RelyingParty,
  answer: Assertion,
  { passkey, isChallenge }: { passkey: Passkey; isChallenge: (challenge: string) => boolean },
): Promise<CheckedAssertion | undefined> {
  const { verifyAuthenticationResponse } = await webauthn();
  let challenge = '';
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...answer, response: present(answer.response), clientExtensionResults: {} },
      expectedChallenge: (presented) => isChallenge((challenge = presented)),
      expectedOrigin: rp.origin,
      expectedRPID: rp.id,
      requireUserVerification: false,
      credential: {
        id: passkey.credentialId.toString('base64url'),
        publicKey: new Uint8Array(passkey.publicKey),
        counter: 0,
      },
    });
    if (!verified) return undefined;
    const { newCounter: counter, credentialBackedUp: backedUp, userVerified } = authenticationInfo;
    return { challenge, counter, backedUp, userVerified };
  } catch {
    // The library throws for whatever does not fit, down to bytes that are no CBOR: none of it is an error of ours.
    return undefined;
  }
}

export interface CheckedAttestation {
  readonly challenge: string;
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly userVerified: boolean;
}

/** WebAuthn §7.1. undefined when anything about it is wrong. */
export async function checkAttestation(
  rp: RelyingParty,
  answer: Attestation,
  isChallenge: (challenge: string) => boolean,
): Promise<CheckedAttestation | undefined> {
  const { verifyRegistrationResponse } = await webauthn();
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  let challenge = '';
  try {
    if (!isUnattested(answer, decodeAttestationObject)) return undefined;
    const { registrationInfo: made } = await verifyRegistrationResponse({
      response: { ...answer, response: present(answer.response), clientExtensionResults: {} },
      expectedChallenge: (presented) => isChallenge((challenge = presented)),
      expectedOrigin: rp.origin,
      expectedRPID: rp.id,
      requireUserVerification: false,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!made) return undefined;
    return {
      challenge,
      credentialId: Buffer.from(made.credential.id, 'base64url'),
      publicKey: Buffer.from(made.credential.publicKey),
      counter: made.credential.counter,
      transports: answer.response.transports ?? [],
      backupEligible: made.credentialDeviceType === 'multiDevice',
      backedUp: made.credentialBackedUp,
      userVerified: made.userVerified,
    };
  } catch {
    return undefined;
  }
}

/**
 * No attestation was asked for, and with that browsers pass on none, or one by the credential itself (WebAuthn §5.1.3). Any
 * other brings certificates, whose revocation lists the library would fetch from wherever they say.
 */
function isUnattested({ response }: Attestation, decode: typeof decodeAttestationObject): boolean {
  const object = decode(new Uint8Array(Buffer.from(response.attestationObject, 'base64url')));
  const format = object.get('fmt');
  return format === 'none' || (format === 'packed' && !object.get('attStmt').get('x5c'));
}

/** Without the members that are undefined: the library's types know them only as missing. */
function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
