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

const CAUSES_MAX = 4;

export function describe(error: unknown): string {
  const said: string[] = [];
  // fetch says only "fetch failed" and hides the reason behind it.
  for (let at = error; at instanceof Error && said.length < CAUSES_MAX; at = at.cause) {
    // Where several addresses were tried, the message is empty.
    const code = 'code' in at && typeof at.code === 'string' ? at.code : at.name;
    said.push(at.message === '' ? code : at.message);
  }
  return said.length === 0 ? 'unknown' : said.join(': ');
}
