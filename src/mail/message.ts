import { z } from 'zod';

import type { RenderedMail } from '../../views/mail/render.ts';
import type { Seal } from '../crypto/seal.ts';

/** A rendered mail, which holds a link that is as good as a password for a while: readable with the encryption key only. */
const message = z.object({
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  link: z.string().optional(),
});

export function sealMessage(seal: Seal, id: string, mail: RenderedMail): Buffer {
  return seal.seal(Buffer.from(JSON.stringify(mail)), aad(id));
}

/** Throws `sealed_value_unreadable`. */
export function openMessage(seal: Seal, id: string, sealed: Uint8Array): RenderedMail {
  const { link, ...rest } = message.parse(JSON.parse(seal.open(sealed, aad(id)).toString()));
  return { ...rest, link };
}

function aad(id: string): string {
  return `mails:${id}`;
}
