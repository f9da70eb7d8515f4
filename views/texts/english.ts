import { account } from './english/account.ts';
import { authenticators } from './english/authenticators.ts';
import { core } from './english/core.ts';
import { mail } from './english/mail.ts';
import { registration } from './english/registration.ts';
import { upstream } from './english/upstream.ts';

/**
 * Every sentence people read, in English. The shape of this object is the catalogue: a language that misses a text or
 * has one too many does not compile. Names of clients and people arrive cleaned (`displayName`), and the template escapes.
 */
export const english = {
  ...core,
  ...registration,
  ...authenticators,
  ...account,
  ...upstream,
  ...mail,
};

export type Catalogue = typeof english;
