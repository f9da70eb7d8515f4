import type { mail as english } from '../english/mail.ts';

export const mail: typeof english = {};
