import { FilterParser } from 'ldapts';
import { z } from 'zod';

/** Where a directory is, how this server reads it, and what makes its people themselves. No secret is in here. */

/** Stands for what a person typed. */
export const IDENTIFIER = '{identifier}';

export const DEFAULT_FILTER = '(|(uid={identifier})(mail={identifier}))';
export const DEFAULT_SUBJECT = 'entryUUID';

const PORTS: Readonly<Record<string, number>> = { 'ldap:': 389, 'ldaps:': 636 };
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;
/** RFC 4512 §2.5: a name or an OID, with options such as `;lang-fr`. */
const ATTRIBUTE = /^[A-Za-z0-9][A-Za-z0-9.;-]{0,127}$/;
const TEXT_LENGTH_MAX = 1000;
/** A bundle of a few authorities. */
const CA_LENGTH_MAX = 64 * 1024;

const text = z.string().trim().min(1, 'must not be empty').max(TEXT_LENGTH_MAX, 'is too long');

export const ldapAttribute = z.string().regex(ATTRIBUTE, 'must be the name of an attribute');

export const ldapSettings = z
  .strictObject({
    /** `ldaps://host[:port]`, or `ldap://host[:port]`. */
    url: z.string().superRefine((value, issues) => {
      const problem = problemOfUrl(value);
      if (problem !== undefined) issues.addIssue({ code: 'custom', message: problem });
    }),
    /** RFC 4513 §3. Has no meaning under `ldaps:`, where TLS comes first. */
    startTls: z.boolean(),
    /** Authorities, PEM; null: the system's. */
    ca: z.string().min(1).max(CA_LENGTH_MAX).nullable(),
    base: text,
    /** Who searches; null: nobody, the directory lets everybody search. */
    bindDn: text.nullable(),
    /** RFC 4515, with {@link IDENTIFIER} where what the person typed belongs. */
    filter: text.superRefine((value, issues) => {
      const problem = problemOfFilter(value);
      if (problem !== undefined) issues.addIssue({ code: 'custom', message: problem });
    }),
    /** The attribute that is one person for ever: not a name, which another person may have next year. */
    subject: ldapAttribute,
    /** Asked for everybody who is in no domain of an identity provider. */
    isDefault: z.boolean(),
  })
  .refine(({ url, startTls }) => startTls || isProtected(url), {
    path: ['url'],
    message: 'must be ldaps://, or ldap:// with StartTLS: passwords cross this connection',
  });

export type LdapSettings = z.output<typeof ldapSettings>;

export interface LdapAddress {
  /** Without the brackets of an IPv6 literal. */
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly isLoopback: boolean;
}

export function addressOf({ url }: Pick<LdapSettings, 'url'>): LdapAddress {
  const { protocol, hostname, port } = new URL(url);
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (PORTS[protocol] ?? 0) : Number(port),
    isTls: protocol === 'ldaps:',
    isLoopback: LOOPBACK_HOST.test(hostname),
  };
}

/** RFC 4516 without a host: the directory stays itself when it moves to another machine. */
export function issuerOf({ base }: Pick<LdapSettings, 'base'>): string {
  return `ldap:///${encodeURI(base.toLowerCase())}`;
}

function problemOfUrl(value: string): string | undefined {
  const url = URL.parse(value);
  if (!url || !(url.protocol in PORTS) || url.hostname === '') return 'must be ldaps://host or ldap://host';
  const isBare =
    ['', '/'].includes(url.pathname) && !url.search && !url.hash && !url.username && !url.password;
  return isBare ? undefined : 'must hold a host and a port, nothing else';
}

function isProtected(url: string): boolean {
  const address = URL.parse(url) ? addressOf({ url }) : undefined;
  return address === undefined || address.isTls || address.isLoopback;
}

function problemOfFilter(value: string): string | undefined {
  if (!value.includes(IDENTIFIER)) return `must have ${IDENTIFIER} where what the person typed belongs`;
  try {
    FilterParser.parseString(value.replaceAll(IDENTIFIER, 'x'));
    return undefined;
  } catch {
    return 'is not a search filter (RFC 4515)';
  }
}
