/** RFC 6749 §2.3.1: a client's name and secret in the Authorization header, each form-encoded before they are joined. */
export interface BasicCredentials {
  readonly clientId: string;
  readonly secret: string;
}

/** Undefined where the header is of another scheme, or lacks one of the two. */
export function readBasicCredentials(header: string): BasicCredentials | undefined {
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header) ?? [];
  const [, clientId, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  if (!clientId || !secret) return undefined;
  return { clientId: formDecoded(clientId), secret: formDecoded(secret) };
}

/** One name has many spellings in the header. What is not encoded properly stands for itself. */
export function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
