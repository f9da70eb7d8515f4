import { hkdfSync } from 'node:crypto';

/**
 * Every key that GUICHET_SECRET stands for, each derived with a purpose of its own (HKDF-SHA-256, RFC 5869), so that
 * one leaking says nothing about another. GUICHET_SECRET is a list: its first member signs and all of them verify,
 * which is how it is rotated without signing anybody out. Keys for data at rest come from GUICHET_ENCRYPTION_KEY.
 */
export interface Secrets extends SecretKeys {
  /** Keys of signed cookies in the order Keygrip wants: the first signs. */
  readonly cookieKeys: string[];
  /** Keys of the older members of the list; ask `verificationKeys` for them. */
  readonly older: readonly SecretKeys[];
}

interface SecretKeys {
  readonly csrfKey: Buffer;
  /** 32 bytes, as the library demands, and the same on every process. */
  readonly dpopNonceSecret: Buffer;
  /** Stored digests of client secrets are HMACs under this key: verify with `verificationKeys`. */
  readonly clientSecretKey: Buffer;
  readonly userCodeKey: Buffer;
  readonly deviceCookieKey: Buffer;
  readonly throttleKey: Buffer;
  readonly passkeyChallengeKey: Buffer;
  readonly recoveryCodeKey: Buffer;
  readonly rememberedDeviceKey: Buffer;
  /** Of the Ed25519 key that signs audit checkpoints (audit/checkpoint-keys.ts). */
  readonly auditCheckpointKey: Buffer;
}

export function deriveSecrets(config: { readonly secrets: { readonly secret: readonly string[] } }): Secrets {
  const [current, ...older] = config.secrets.secret;
  if (current === undefined) throw new TypeError('at least one secret is needed');
  return {
    ...deriveKeys(current),
    cookieKeys: config.secrets.secret.map((secret) => deriveKey(secret, 'cookie').toString('base64url')),
    older: older.map(deriveKeys),
  };
}

/** Every key that may have made a value still in circulation; the current one first. */
export function verificationKeys(secrets: Secrets, name: keyof SecretKeys): readonly Buffer[] {
  return [secrets[name], ...secrets.older.map((keys) => keys[name])];
}

/** 32 bytes for one purpose. The purpose is part of what is stored and signed: never rename one. */
export function deriveKey(secret: string | Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `guichet/${purpose}/v1`, 32));
}

function deriveKeys(secret: string): SecretKeys {
  return {
    csrfKey: deriveKey(secret, 'csrf'),
    dpopNonceSecret: deriveKey(secret, 'dpop-nonce'),
    clientSecretKey: deriveKey(secret, 'client-secret'),
    userCodeKey: deriveKey(secret, 'user-code'),
    deviceCookieKey: deriveKey(secret, 'device-cookie'),
    throttleKey: deriveKey(secret, 'throttle'),
    passkeyChallengeKey: deriveKey(secret, 'passkey-challenge'),
    recoveryCodeKey: deriveKey(secret, 'recovery-code'),
    rememberedDeviceKey: deriveKey(secret, 'remembered-device'),
    auditCheckpointKey: deriveKey(secret, 'audit-checkpoint'),
  };
}
