import { z } from 'zod';

import { sha256 } from '../crypto/digest.ts';
import type { Seal } from '../crypto/seal.ts';

/**
 * One question to a provider: begun by a person in a browser, answered by the provider through that browser, used once. What
 * has to be there again when the answer comes is sealed, under a context that names the request, so that no row opens another.
 */
export interface UpstreamRequest {
  readonly stateDigest: Buffer;
  readonly providerId: string;
  readonly origin: RequestOrigin;
  readonly kept: Buffer;
  readonly answer: Buffer | null;
}

/** Who asks: somebody who signs in, or somebody who is signed in and connects. Bound to the browser by the cookie of either. */
export type RequestOrigin =
  | { readonly purpose: 'sign-in'; readonly interactionUid: string }
  | { readonly purpose: 'link'; readonly sessionUid: string };

/** Somebody may have to register, confirm a mail or find their phone at the provider. */
export const REQUEST_TTL_SECONDS = 3600;
/** For signing in here once, to connect the two. */
export const WAITING_TTL_SECONDS = 900;

/** An identity that was proved and waits to be connected to an account that has to be proved as well. */
export interface WaitingIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly label: string | null;
  /** An account has their address. */
  readonly collides: boolean;
}

export function stateDigest(state: string): Buffer {
  return sha256(`upstream-state:${state}`);
}

const STRINGS = z.record(z.string(), z.string());

/** What was kept at the beginning (`kept`), and what the provider answered (`answer`). */
export function sealStrings(
  seal: Seal,
  column: 'kept' | 'answer',
  digest: Buffer,
  values: Readonly<Record<string, string>>,
): Buffer {
  return seal.seal(Buffer.from(JSON.stringify(values)), contextOf(column, digest));
}

export function openStrings(
  seal: Seal,
  column: 'kept' | 'answer',
  digest: Buffer,
  sealed: Buffer,
): Readonly<Record<string, string>> {
  return STRINGS.parse(JSON.parse(seal.open(sealed, contextOf(column, digest)).toString()));
}

export function sealWaiting(seal: Seal, digest: Buffer, waiting: WaitingIdentity): Buffer {
  return seal.seal(Buffer.from(JSON.stringify(waiting)), contextOf('identity', digest));
}

export function openWaiting(seal: Seal, digest: Buffer, sealed: Buffer): WaitingIdentity {
  return JSON.parse(seal.open(sealed, contextOf('identity', digest)).toString());
}

function contextOf(column: string, digest: Buffer): string {
  return `upstream_requests|${column}|${digest.toString('hex')}`;
}
