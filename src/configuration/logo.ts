import { readPicture, type PictureType } from '../config/picture.ts';

const DATA_URI = /^data:([a-z+/]+);base64,([A-Za-z0-9+/]*={0,2})$/;

/** RFC 2397. */
export function logoToText(type: PictureType, body: Buffer): string {
  return `data:${type};base64,${body.toString('base64')}`;
}

/** The picture in a data URI, or what is wrong with it. There is one way to write a picture, so that texts can be compared. */
export function readLogo(text: string): { body: Buffer; problem?: undefined } | { problem: string } {
  const [, type, base64 = ''] = DATA_URI.exec(text) ?? [];
  if (type === undefined) return { problem: 'must be { file: PATH }, or a data: URI in base64' };
  const body = Buffer.from(base64, 'base64');
  const picture = readPicture(body);
  if (typeof picture === 'string') return { problem: picture };
  if (logoToText(picture.type, body) !== text)
    return { problem: `must be the data: URI of a picture of type ${picture.type}` };
  return { body };
}
