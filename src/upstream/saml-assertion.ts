import { hash } from 'node:crypto';

import { NAME_ID, type SamlSettings } from './saml-settings.ts';
import {
  attributeOf,
  childrenOf,
  NS,
  onlyChild,
  optionalChild,
  textOf,
  wrong,
  type XmlElement,
} from './saml-xml.ts';
import { UpstreamError } from './problem.ts';

/** What a signed assertion has to say to be believed here and now (SAML Core §2, SAML Profiles §4.1.4). */

/** Clocks of providers are kept by NTP or forgotten; this is for the first kind. */
export const SKEW_SECONDS = 60;
/** From its issue to its use: a person's browser brings it at once. */
const AGE_SECONDS_MAX = 600;
const TEXT_LENGTH_MAX = 1024;
const ATTRIBUTES_MAX = 200;

export interface Expected {
  readonly settings: SamlSettings;
  /** Our entityID. */
  readonly audience: string;
  /** Our assertion consumer service. */
  readonly recipient: string;
  readonly requestId: string;
  /** Who signed in there before this moment has to do it again; undefined: their session may do. */
  readonly freshFrom: Date | undefined;
  readonly now: Date;
}

export interface Statement {
  readonly subject: string;
  readonly sessionIndex: string | null;
  readonly contexts: readonly string[];
  readonly attributes: Readonly<Record<string, readonly string[]>>;
  /** Names the assertion in the memory of those that were used. */
  readonly assertionId: string;
  /** From here on it would be refused for its age. */
  readonly expiresAt: Date;
}

/** Throws `wrong` or `stale`. */
export function readAssertion(assertion: XmlElement, expected: Expected): Statement {
  if (attributeOf(assertion, 'Version') !== '2.0') throw wrong('the assertion is not SAML 2.0');
  if (textOf(onlyChild(assertion, NS.assertion, 'Issuer')) !== expected.settings.entityId) {
    throw wrong('the assertion is from another issuer');
  }
  const issuedAt = momentOf(assertion, 'IssueInstant');
  const oldest = expected.now.getTime() - (AGE_SECONDS_MAX + SKEW_SECONDS) * 1000;
  if (issuedAt.getTime() <= oldest || isFuture(issuedAt, expected))
    throw wrong('the assertion is not of now');
  checkConditions(onlyChild(assertion, NS.assertion, 'Conditions'), expected);

  const subject = onlyChild(assertion, NS.assertion, 'Subject');
  const confirmations = childrenOf(subject, NS.assertion, 'SubjectConfirmation');
  if (!confirmations.some((confirmation) => confirms(confirmation, expected))) {
    throw wrong('the assertion is not for whoever brings it, here, as an answer to this request, now');
  }
  const authentication = onlyChild(assertion, NS.assertion, 'AuthnStatement');
  checkAuthentication(authentication, expected);
  const attributes = attributesOf(assertion);
  const assertionId = attributeOf(assertion, 'ID');
  if (assertionId === '') throw wrong('the assertion has no id');
  return {
    subject: subjectOf(subject, attributes, expected.settings),
    sessionIndex: attributeOf(authentication, 'SessionIndex').slice(0, TEXT_LENGTH_MAX) || null,
    contexts: contextsOf(authentication),
    attributes,
    assertionId,
    expiresAt: new Date(issuedAt.getTime() + (AGE_SECONDS_MAX + 2 * SKEW_SECONDS) * 1000),
  };
}

/** Conditions that nobody here knows make an assertion indeterminate (SAML Core §2.5.1). */
const KNOWN_CONDITIONS = new Set(['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction']);

function checkConditions(conditions: XmlElement, expected: Expected): void {
  const isInTime =
    (!conditions.hasAttribute('NotBefore') || !isFuture(momentOf(conditions, 'NotBefore'), expected)) &&
    (!conditions.hasAttribute('NotOnOrAfter') || !isPast(momentOf(conditions, 'NotOnOrAfter'), expected));
  if (!isInTime) throw wrong('the assertion is not valid now');
  if (childrenOf(conditions).some(({ localName }) => !KNOWN_CONDITIONS.has(localName))) {
    throw wrong('the assertion has a condition that is not known');
  }
  const restrictions = childrenOf(conditions, NS.assertion, 'AudienceRestriction');
  const audiences = restrictions.flatMap((restriction) => childrenOf(restriction, NS.assertion, 'Audience'));
  // Ours and nobody else's: whoever else may read it could bring it here.
  const isOurs =
    audiences.length > 0 && audiences.every((audience) => textOf(audience) === expected.audience);
  if (!isOurs) throw wrong('the assertion is for another audience');
}

/** SAML Profiles §4.1.4.2. */
function confirms(confirmation: XmlElement, expected: Expected): boolean {
  if (attributeOf(confirmation, 'Method') !== 'urn:oasis:names:tc:SAML:2.0:cm:bearer') return false;
  const data = optionalChild(confirmation, NS.assertion, 'SubjectConfirmationData');
  return (
    data !== undefined &&
    attributeOf(data, 'Recipient') === expected.recipient &&
    attributeOf(data, 'InResponseTo') === expected.requestId &&
    data.hasAttribute('NotOnOrAfter') &&
    !isPast(momentOf(data, 'NotOnOrAfter'), expected) &&
    (!data.hasAttribute('NotBefore') || !isFuture(momentOf(data, 'NotBefore'), expected))
  );
}

function checkAuthentication(statement: XmlElement, expected: Expected): void {
  const { freshFrom } = expected;
  const at = momentOf(statement, 'AuthnInstant');
  if (isFuture(at, expected)) throw wrong('the sign-in lies in the future');
  if (
    statement.hasAttribute('SessionNotOnOrAfter') &&
    isPast(momentOf(statement, 'SessionNotOnOrAfter'), expected)
  ) {
    throw wrong('the session is over');
  }
  if (freshFrom !== undefined && at.getTime() < freshFrom.getTime() - SKEW_SECONDS * 1000) {
    throw new UpstreamError('stale', 'the person signed in there longer ago than was asked for');
  }
}

function subjectOf(
  subject: XmlElement,
  attributes: Statement['attributes'],
  { subjectAttribute, nameIdFormat }: SamlSettings,
): string {
  const nameId = onlyChild(subject, NS.assertion, 'NameID');
  if (subjectAttribute !== null) {
    const [value, ...more] = attributes[subjectAttribute] ?? [];
    if (value === undefined || value === '' || more.length > 0) {
      throw wrong(`there is not exactly one value of the attribute that is the subject`);
    }
    return bounded(value);
  }
  const format = attributeOf(nameId, 'Format') || NAME_ID.unspecified;
  if (format !== nameIdFormat) throw wrong(`the NameID has the format ${format.slice(0, 200)}`);
  const value = textOf(nameId);
  if (value.trim() === '') throw wrong('the NameID is empty');
  return bounded(value);
}

/** Long ones stay different from each other. */
function bounded(subject: string): string {
  return subject.length <= TEXT_LENGTH_MAX ? subject : `sha256:${hash('sha256', subject, 'hex')}`;
}

/** Values that are not plain text (a NameID as a value, say) are passed over. */
function attributesOf(assertion: XmlElement): Statement['attributes'] {
  const attributes = childrenOf(assertion, NS.assertion, 'AttributeStatement').flatMap((statement) =>
    childrenOf(statement, NS.assertion, 'Attribute'),
  );
  if (attributes.length > ATTRIBUTES_MAX) throw wrong('there are too many attributes');
  const byName = new Map<string, string[]>();
  for (const attribute of attributes) {
    const name = attributeOf(attribute, 'Name');
    const plain = childrenOf(attribute, NS.assertion, 'AttributeValue').filter(
      (value) => childrenOf(value).length === 0,
    );
    byName.set(name, [...(byName.get(name) ?? []), ...plain.map(textOf)]);
  }
  return Object.fromEntries(byName);
}

function contextsOf(statement: XmlElement): string[] {
  const context = optionalChild(statement, NS.assertion, 'AuthnContext');
  return context ? childrenOf(context, NS.assertion, 'AuthnContextClassRef').map(textOf) : [];
}

/** SAML Core §1.3.3: UTC, with or without fractions. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

function momentOf(element: XmlElement, name: string): Date {
  const text = attributeOf(element, name);
  const at = new Date(INSTANT.test(text) ? text : Number.NaN);
  if (Number.isNaN(at.getTime())) throw wrong(`${name} is not a moment in UTC`);
  return at;
}

function isFuture(at: Date, { now }: Expected): boolean {
  return at.getTime() > now.getTime() + SKEW_SECONDS * 1000;
}

function isPast(at: Date, { now }: Expected): boolean {
  return at.getTime() <= now.getTime() - SKEW_SECONDS * 1000;
}
