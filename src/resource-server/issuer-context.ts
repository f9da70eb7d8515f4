import type { ClientCredentials, VerifierEvent } from './verifier.ts';

/** The issuer, as seen by everything here that talks to it. */
export interface Issuer {
  /** Its `iss`. */
  readonly url: string;
  readonly credentials: ClientCredentials | undefined;
  readonly clockSkewSeconds: number;
  readonly algorithms: ReadonlySet<string>;
  readonly fetch: typeof globalThis.fetch;
  readonly now: () => number;
  readonly tell: (event: VerifierEvent) => void;
  /** Aborted when the verifier is closed: ends every request and every timer. */
  readonly closed: AbortSignal;
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
export function basicAuthorization({ clientId, clientSecret }: ClientCredentials): string {
  const encoded = `${formEncode(clientId)}:${formEncode(clientSecret)}`;
  return `Basic ${Buffer.from(encoded).toString('base64')}`;
}

function formEncode(text: string): string {
  return new URLSearchParams({ v: text }).toString().slice(2);
}

export function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  // fetch says only "fetch failed" and hides the reason behind it.
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
}
