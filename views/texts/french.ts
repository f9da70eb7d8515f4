import type { Catalogue } from './english.ts';
import { account } from './french/account.ts';
import { authenticators } from './french/authenticators.ts';
import { core } from './french/core.ts';
import { mail } from './french/mail.ts';
import { registration } from './french/registration.ts';
import { upstream } from './french/upstream.ts';

/**
 * Every sentence people read, in French. French sets a narrow no-break space (U+202F) before ; ? ! and a no-break space
 * (U+00A0) before : and inside « »; escapes make them visible in these files.
 */
export const french: Catalogue = {
  ...core,
  ...registration,
  ...authenticators,
  ...account,
  ...upstream,
  ...mail,
};
