import { z } from 'zod';

import { fromBase32 } from '../authenticators/totp.ts';
import { TOTP_DIGITS } from '../authenticators/totp.ts';
import type { ForeignPerson } from './migration.ts';

const secretData = z.object({ value: z.string().min(1).max(200) });
const credentialData = z.object({
  subType: z.literal('totp'),
  digits: z.literal(TOTP_DIGITS),
  period: z.literal(30),
  algorithm: z.literal('HmacSHA1'),
  secretEncoding: z.string().nullish(),
});

/** RFC 4226 §4 R6 asks for 128 bits; Keycloak draws 160. */
const SECRET_BYTES_MIN = 16;
const NAME_LENGTH_MAX = 60;

/** A credential of the type `otp`. undefined: its codes are of another kind than ours. */
export function readTotp(credential: Readonly<Record<string, unknown>>): ForeignPerson['totp'] {
  const secret = secretData.safeParse(parse(credential['secretData']));
  const data = credentialData.safeParse(parse(credential['credentialData']));
  if (!secret.success || !data.success) return undefined;
  const { value } = secret.data;
  // Keycloak computes with the characters of what it drew, unless it says otherwise.
  const bytes = data.data.secretEncoding === 'BASE32' ? fromBase32(value) : Buffer.from(value, 'utf8');
  if (bytes === undefined || bytes.length < SECRET_BYTES_MIN) return undefined;
  const label = typeof credential['userLabel'] === 'string' ? credential['userLabel'] : '';
  return { secret: bytes, name: label.replaceAll(/[^\P{C}]+/gu, '').slice(0, NAME_LENGTH_MAX) };
}

function parse(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
