import { X509Certificate } from 'node:crypto';

import { z } from 'zod';

/** A SAML identity provider as its metadata describes it, and what this server makes of its people. No secret is in here. */

/** SAML Core §8.3. */
export const NAME_ID = {
  persistent: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  transient: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
  unspecified: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
  emailAddress: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
} as const;

const TEXT_LENGTH_MAX = 1024;
const CERTIFICATE_LENGTH_MAX = 16 * 1024;
/** The one in use, the next, and a few that somebody forgot. */
const CERTIFICATES_MAX = 10;
/** NIST SP 800-131A: weaker ones may be forged. */
const RSA_BITS_MIN = 2048;

const text = z.string().min(1, 'must not be empty').max(TEXT_LENGTH_MAX, 'is too long');
const uri = text.regex(/^\S+$/, 'must not have spaces');
const webAddress = uri.refine(isWebAddress, 'must be an https URL');

const certificate = z
  .string()
  .max(CERTIFICATE_LENGTH_MAX)
  .superRefine((pem, issues) => {
    const problem = problemOfCertificate(pem);
    if (problem !== undefined) issues.addIssue({ code: 'custom', message: problem });
  });

export const samlSettings = z
  .strictObject({
    /** Their entityID, exactly. */
    entityId: uri,
    /** Where the browser is sent with a request (SAML Bindings §3.4, HTTP-Redirect). */
    ssoUrl: webAddress,
    /** PEM. What any of them has signed counts; their dates do not (they only wrap a key that the operator trusts). */
    certificates: z.array(certificate).min(1, 'must have at least one').max(CERTIFICATES_MAX),
    /** The attribute that is one person for ever; null: the NameID. */
    subjectAttribute: text.nullable(),
    /** The only format that a NameID may have to be the subject, and the one asked for; null: the attribute is the subject. */
    nameIdFormat: uri.nullable(),
    /** Ours, PEM: in our metadata, for signed requests and encrypted assertions. */
    ownCertificate: certificate,
    signsRequests: z.boolean(),
    /** Where people are led who began at the provider; null: they are refused. */
    startUrl: webAddress.nullable(),
  })
  .refine((settings) => (settings.subjectAttribute === null) !== (settings.nameIdFormat === null), {
    path: ['nameIdFormat'],
    message: 'must be given where no attribute is the subject, and only there',
  })
  .refine((settings) => settings.nameIdFormat !== NAME_ID.transient, {
    path: ['nameIdFormat'],
    message: 'must not be transient: tomorrow it names nobody, or somebody else',
  });

export type SamlSettings = z.output<typeof samlSettings>;

/** https, or http on this machine. */
function isWebAddress(value: string): boolean {
  const url = URL.parse(value);
  if (!url || url.username || url.password || url.hash) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

function isLoopback(hostname: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

/** RSA is what the library verifies. */
function problemOfCertificate(pem: string): string | undefined {
  try {
    const { publicKey } = new X509Certificate(pem);
    if (publicKey.asymmetricKeyType !== 'rsa') return 'must have an RSA key';
    const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
    return bits < RSA_BITS_MIN ? `must have a key of at least ${RSA_BITS_MIN} bits` : undefined;
  } catch {
    return 'is not an X.509 certificate';
  }
}
