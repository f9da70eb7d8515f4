import { isIP } from 'node:net';

import { duration } from '../duration.ts';
import { CATALOGUES, type Language } from '../language.ts';
import type { LinkLocals, MailLocals, MailTemplate, Notice, Origin } from '../locals/mail.ts';
import { harmless } from './harmless.ts';

/** What a mail says, once for both of its forms. */
export interface Letter {
  readonly subject: string;
  readonly greeting: string;
  readonly paragraphs: readonly string[];
  readonly action: { readonly label: string; readonly url: string } | undefined;
  /** Beside the action: how long it lasts. */
  readonly limit: string | undefined;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  readonly otherwise: string;
  readonly why: string;
}

export interface LetterHead {
  readonly issuer: string;
  readonly brand: string;
}

/** What any of the mails may be given; each is given some of it. */
interface AnyLocals extends Origin, Partial<Notice>, Partial<LinkLocals> {
  readonly provider?: string | undefined;
  readonly inviter?: string | undefined;
  readonly client?: string | undefined;
  readonly email?: string | undefined;
  readonly authenticator?: 'passkey' | 'totp' | undefined;
  readonly label?: string | undefined;
  readonly left?: string | undefined;
}

/** Where a notice leads. The others lead nowhere, or where their locals say. */
const PLACES: Partial<Readonly<Record<MailTemplate, string>>> = {
  'new-device': '/account/sessions',
  'password-changed': '/account/security',
  'authenticator-added': '/account/security',
  'authenticator-removed': '/account/security',
  'recovery-code-used': '/account/security',
  'recovery-codes-made': '/account/security',
  'second-factor-locked': '/account/security',
  'identity-linked': '/account/identities',
  'identity-unlinked': '/account/identities',
};

/** Throws when a path leads away from the issuer: a mail is the last place for somebody else's link. */
export function composeLetter<Name extends MailTemplate>(
  head: LetterHead,
  template: Name,
  locals: MailLocals[Name],
  language: Language,
): Letter {
  const { mail: text } = CATALOGUES[language];
  const given: AnyLocals = locals;
  const name = shown(given.name);
  const words = text.letters[template]({
    brand: head.brand,
    provider: shown(given.provider),
    inviter: shown(given.inviter),
  });
  const path = given.path ?? PLACES[template];
  return {
    subject: words.subject,
    greeting: name ? text.hello(name) : text.helloUnnamed,
    paragraphs: words.lead,
    action:
      path === undefined || words.action === undefined
        ? undefined
        : { label: words.action, url: onIssuer(head.issuer, path) },
    limit:
      given.validSeconds === undefined ? undefined : text.worksOnce(duration(language, given.validSeconds)),
    facts: factsOf(given, language),
    otherwise: words.otherwise,
    why: words.why,
  };
}

function factsOf(given: AnyLocals, language: Language): Letter['facts'] {
  const { mail: text } = CATALOGUES[language];
  const facts: readonly (readonly [string, string | undefined])[] = [
    [text.facts.at, given.at && moment(given.at, language)],
    [text.facts.client, shown(given.client)],
    // Elsewhere a sentence names it.
    [text.facts.provider, given.at && shown(given.provider)],
    [text.facts.authenticator, given.authenticator && text.authenticators[given.authenticator]],
    [text.facts.label, shown(given.label)],
    [text.facts.email, given.email],
    [text.facts.left, shown(given.left)],
    [text.facts.device, shown(given.device)],
    [text.facts.address, given.address !== undefined && isIP(given.address) > 0 ? given.address : undefined],
  ];
  return facts.flatMap(([label, value]) => (value ? [{ label, value }] : []));
}

function shown(text: string | undefined): string | undefined {
  return text === undefined ? undefined : harmless(text) || undefined;
}

function moment(date: Date, language: Language): string {
  return new Intl.DateTimeFormat(language, {
    dateStyle: 'long',
    timeStyle: 'long',
    timeZone: 'UTC',
    hourCycle: 'h23',
  }).format(date);
}

function onIssuer(issuer: string, path: string): string {
  const url = new URL(path, issuer);
  if (!path.startsWith('/') || url.origin !== issuer)
    throw new TypeError('a mail leads away from the issuer');
  return url.href;
}
