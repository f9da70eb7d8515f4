import { base64url } from 'jose';

/** Three parts of base64url without padding, the last of which is not empty: `alg: none` cannot even be written. */
const COMPACT_JWS = /^([\w-]+)\.([\w-]+)\.[\w-]+$/;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Header and payload of a compact JWS (RFC 7515 §7.1); other serializations are not read (RFC 8725bis §3.13). */
export function splitCompact(token: string): { header: string; payload: string } | undefined {
  const match = COMPACT_JWS.exec(token);
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : { header: match[1], payload: match[2] };
}

/** The JSON object in one part; undefined for anything else. Of a member that is written twice the last counts. */
export function decodeJsonPart(part: string): Record<string, unknown> | undefined {
  try {
    return parseJsonObject(decoder.decode(base64url.decode(part)));
  } catch {
    return undefined;
  }
}

export function decodeJsonBytes(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    return parseJsonObject(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
