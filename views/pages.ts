/**
 * What each template is given. Locals hold facts, never sentences: the sentences are in `texts/`, and the page is shown in
 * the reader's language. A template sees `it.page` (these), `it.text` (the catalogue) and the rest of `Surroundings`.
 */
import type { AccountPages } from './locals/account.ts';
import type { AuthenticatorPages } from './locals/authenticators.ts';
import type { ConsolePages } from './locals/console.ts';
import type { CorePages } from './locals/core.ts';
import type { OutboxPages } from './locals/mail.ts';
import type { RegistrationPages } from './locals/registration.ts';
import type { UpstreamPages } from './locals/upstream.ts';
import type { Catalogue } from './texts/english.ts';

export interface PageLocals
  extends
    CorePages,
    AccountPages,
    ConsolePages,
    AuthenticatorPages,
    RegistrationPages,
    UpstreamPages,
    OutboxPages {}

export type PageName = keyof PageLocals;

/** What the layout and every template get besides their own locals. */
export interface Surroundings {
  readonly language: string;
  readonly text: Catalogue;
  /** Host of the issuer: people see whom they are talking to. */
  readonly host: string;
  /** Name of the service, as its operator calls it. */
  readonly brand: string;
  /** Its logo; undefined: a mark of ours. */
  readonly logo: string | undefined;
  readonly stylesheet: string;
  /** What the console needs on top of it. */
  readonly consoleStylesheet: string;
  /** Style sheet with the operator's colour. */
  readonly accent: string | undefined;
  readonly icon: string;
  /** The only script there is; on pages that ask for a passkey. */
  readonly passkeyScript: string;
  /** Seconds in words of the page's language. */
  readonly duration: (seconds: number) => string;
  /** A date and time of day in the page's language. UTC where the time zone is unknown. */
  readonly moment: (at: Date, timeZone: string) => string;
}
