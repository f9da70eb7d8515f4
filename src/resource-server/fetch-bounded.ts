export interface FetchBounds {
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
}

export interface FetchRequest {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the request when the verifier is closed. */
  readonly signal: AbortSignal;
}

export interface FetchAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

type Fetch = typeof globalThis.fetch;

/**
 * One HTTP exchange with a limit on its time, which covers the body, and on the size of the body. Redirects are not followed: what an
 * issuer says about itself is said at its own address, and credentials go nowhere else.
 */
export async function fetchBounded(
  fetch: Fetch,
  url: string,
  { signal, ...request }: FetchRequest,
  { timeoutMs, bodyBytesMax }: FetchBounds,
): Promise<FetchAnswer> {
  const controller = new AbortController();
  const abort = (): void => controller.abort(new Error('closed'));
  const late = setTimeout(() => controller.abort(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
  late.unref();
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const response = await fetch(url, { ...request, redirect: 'manual', signal: controller.signal });
    const text = await readText(response, bodyBytesMax);
    return { status: response.status, headers: response.headers, text };
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', abort);
  }
}

async function readText(response: Response, bodyBytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // What is left unread is cancelled when the loop ends by an error.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax) throw new Error(`the answer is larger than ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(await new Blob(chunks).arrayBuffer());
}
