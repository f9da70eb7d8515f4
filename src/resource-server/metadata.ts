import { fetchBounded } from './fetch-bounded.ts';
import type { Issuer } from './issuer-context.ts';
import { isOfIssuer, metadataUrls } from './issuer.ts';
import { parseJsonObject } from './jwt-parts.ts';
import { singleFlight } from './single-flight.ts';

/** Endpoints hardly ever move; when one fails the document is asked for again before that. */
const METADATA_FRESH_MS = 3_600_000;

const METADATA_BOUNDS = { timeoutMs: 5_000, bodyBytesMax: 256 * 1024 };

export interface IssuerMetadata {
  readonly jwksUri: string;
  readonly introspectionEndpoint: string | undefined;
  readonly revocationStreamEndpoint: string | undefined;
}

export interface MetadataSource {
  get(): Promise<IssuerMetadata>;
  /** An endpoint was not where it should be: the next `get` asks again. */
  doubt(): void;
}

/** RFC 8414: where the issuer's endpoints are, in its own words. */
export function createMetadataSource(issuer: Issuer): MetadataSource {
  let known: { metadata: IssuerMetadata; until: number } | undefined;
  const load = singleFlight(async () => {
    const metadata = await fetchMetadata(issuer);
    known = { metadata, until: issuer.now() + METADATA_FRESH_MS };
    return metadata;
  });
  return {
    async get() {
      return known && issuer.now() < known.until ? known.metadata : load();
    },
    doubt() {
      known = undefined;
    },
  };
}

async function fetchMetadata(issuer: Issuer): Promise<IssuerMetadata> {
  const { fetch, closed } = issuer;
  let status = 0;
  for (const url of metadataUrls(issuer.url)) {
    const headers = { Accept: 'application/json' };
    const answer = await fetchBounded(fetch, url, { headers, signal: closed }, METADATA_BOUNDS);
    if (answer.status === 200) return readMetadata(issuer.url, answer.text);
    status = answer.status;
    if (status !== 404) break;
  }
  throw new Error(`the metadata of the issuer was answered with ${status}`);
}

function readMetadata(issuer: string, text: string): IssuerMetadata {
  const document = parseJsonObject(text);
  if (!document) throw new Error('the metadata of the issuer is not a JSON object');
  // RFC 8414 §3.3: identical, or the document must not be used.
  if (document['issuer'] !== issuer) throw new Error('the metadata is that of another issuer');
  const jwksUri = ownEndpoint(issuer, document, 'jwks_uri');
  if (jwksUri === undefined) throw new Error('the metadata of the issuer has no jwks_uri');
  return {
    jwksUri,
    introspectionEndpoint: ownEndpoint(issuer, document, 'introspection_endpoint'),
    revocationStreamEndpoint: ownEndpoint(issuer, document, 'revocation_stream_endpoint'),
  };
}

function ownEndpoint(issuer: string, document: Record<string, unknown>, name: string): string | undefined {
  const url = document[name];
  if (url === undefined) return undefined;
  if (!isOfIssuer(issuer, url)) throw new Error(`${name} is not at the issuer's own origin`);
  return url;
}
