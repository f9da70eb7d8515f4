/** A picture for pages: small, of a kind that browsers show and that is told by its content. */
export interface Picture {
  readonly type: PictureType;
  readonly body: Buffer;
}

export type PictureType = 'image/svg+xml' | 'image/png' | 'image/jpeg' | 'image/webp';

/** A page with everything on it stays below 30 kB on the wire. */
const BYTES_MAX = 20 * 1024;

/** The picture, or a sentence on what is wrong with it. A name's ending or a sender's word for its type prove nothing. */
export function readPicture(body: Buffer): Picture | string {
  if (body.length > BYTES_MAX) return `must have at most ${BYTES_MAX / 1024} kB`;
  const type = typeOf(body);
  return type ? { type, body } : 'must be an SVG, PNG, JPEG or WebP picture';
}

function typeOf(body: Buffer): PictureType | undefined {
  const latin = body.toString('latin1', 0, 16);
  if (latin.startsWith('\u0089PNG\r\n\u001a\n')) return 'image/png';
  if (latin.startsWith('\u00ff\u00d8\u00ff')) return 'image/jpeg';
  if (latin.startsWith('RIFF') && latin.slice(8, 12) === 'WEBP') return 'image/webp';
  const text = body.toString('utf8');
  return /^\uFEFF?\s*(?:<\?xml[^>]*\?>\s*|<!--[\s\S]*?-->\s*)*<svg[\s>]/.test(text)
    ? 'image/svg+xml'
    : undefined;
}
