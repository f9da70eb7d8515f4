/** The many names under which SAML providers send the same few facts. */

/** RFC 4519 names for the OIDs of the X.500 attribute profile and for the claim URIs of Microsoft's and others' products. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  'urn:oid:0.9.2342.19200300.100.1.1': 'uid',
  'urn:oid:0.9.2342.19200300.100.1.3': 'mail',
  'urn:oid:2.5.4.4': 'sn',
  'urn:oid:2.5.4.42': 'givenName',
  'urn:oid:2.16.840.1.113730.3.1.241': 'displayName',
  'urn:oid:1.3.6.1.4.1.5923.1.1.1.6': 'eduPersonPrincipalName',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress': 'mail',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname': 'givenName',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname': 'sn',
  'http://schemas.microsoft.com/identity/claims/displayname': 'displayName',
  email: 'mail',
  emailAddress: 'mail',
  firstName: 'givenName',
  lastName: 'sn',
};

const METHODS = 'http://schemas.microsoft.com/claims/authnmethodsreferences';

/** Statements that a person showed more than one factor, by their providers' documentation. */
const SEVERAL_FACTORS = new Set([
  'https://refeds.org/profile/mfa',
  'http://schemas.microsoft.com/claims/multipleauthn',
  'urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract',
  'urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorUnregistered',
]);
const PASSWORDS = new Set([
  'urn:oasis:names:tc:SAML:2.0:ac:classes:Password',
  'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
]);

type Attributes = Readonly<Record<string, readonly string[]>>;

/** As they came, and under their short names where nothing came under that name itself. */
export function withShortNames(attributes: Attributes): Attributes {
  const short = Object.entries(attributes).flatMap(([name, values]) => {
    const alias = Object.hasOwn(SHORT_NAMES, name) ? SHORT_NAMES[name] : undefined;
    return alias === undefined ? [] : [[alias, values] as const];
  });
  return { ...Object.fromEntries(short), ...attributes };
}

/** RFC 8176 words for what they say of the sign-in (SAML Authentication Context). */
export function methodsOf(contexts: readonly string[], attributes: Attributes): string[] {
  const said = [...contexts, ...(Object.hasOwn(attributes, METHODS) ? (attributes[METHODS] ?? []) : [])];
  const words = [
    said.some((context) => PASSWORDS.has(context)) && 'pwd',
    said.some((context) => SEVERAL_FACTORS.has(context)) && 'mfa',
  ];
  return words.filter((word) => word !== false);
}
