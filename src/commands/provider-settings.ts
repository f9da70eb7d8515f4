import { Option } from 'commander';
import { z } from 'zod';

import { AUTH_METHODS } from '../upstream/oidc-settings.ts';
import { repeatable } from './surface.ts';

/** What can be changed of how a provider is reached. What is not of its kind is refused by the room. */
export function settingsOptions(): Option[] {
  return [
    new Option('--issuer <url>', 'OpenID: its issuer; people of another issuer are other people'),
    new Option('--client-id <id>', 'OpenID: what it registered this server as'),
    new Option('--auth-method <method>', 'OpenID: how this server authenticates').choices(AUTH_METHODS),
    repeatable('--scope <name>', 'OpenID: all that is asked for beside openid'),
    repeatable('--acr-value <value>', 'OpenID: how it is told to want two factors'),
    new Option('--no-acr-value', 'OpenID: it is not told'),
    new Option('--start-url <url>', 'SAML: where people are led who begin at the provider’s own page'),
    new Option('--no-start-url', 'SAML: they are refused'),
    new Option('--sign-requests', 'SAML: sign requests'),
    new Option('--no-sign-requests', 'SAML: do not'),
    new Option('--url <url>', 'directory: ldaps://host[:port], or ldap://host[:port]'),
    new Option('--starttls', 'directory: begin with StartTLS'),
    new Option('--no-starttls', 'directory: do not'),
    new Option('--base <dn>', 'directory: where people are searched for'),
    new Option('--bind-dn <dn>', 'directory: the service account that searches'),
    new Option('--no-bind-dn', 'directory: everybody may search'),
    new Option('--filter <filter>', 'directory: finds one person'),
    new Option('--subject <attribute>', 'directory: what is one person for ever'),
    new Option('--default', 'directory: ask it for everybody who is in no domain of an identity provider'),
    new Option('--no-default', 'directory: do not'),
  ];
}

const text = z.string().optional();
const textOrNone = z.union([z.string(), z.literal(false)]).optional();
const flag = z.boolean().optional();

export const settingsSchema = {
  issuer: text,
  clientId: text,
  authMethod: z.enum(AUTH_METHODS).optional(),
  scope: z.array(z.string()).optional(),
  acrValue: z.union([z.array(z.string()), z.literal(false)]).optional(),
  startUrl: textOrNone,
  signRequests: flag,
  url: text,
  starttls: flag,
  base: text,
  bindDn: textOrNone,
  filter: text,
  subject: text,
  default: flag,
};

const schema = z.object(settingsSchema);

/** undefined: none was given. */
export function settingsOf(options: z.output<typeof schema>): Record<string, unknown> | undefined {
  const { scope, acrValue, startUrl, bindDn } = options;
  const settings = {
    issuer: options.issuer,
    clientId: options.clientId,
    authMethod: options.authMethod,
    scopes: scope && [...new Set(['openid', ...scope])],
    acrValues: acrValue === false ? [] : acrValue,
    startUrl: startUrl === false ? null : startUrl,
    signsRequests: options.signRequests,
    url: options.url,
    startTls: options.starttls,
    base: options.base,
    bindDn: bindDn === false ? null : bindDn,
    filter: options.filter,
    subject: options.subject,
    isDefault: options.default,
  };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}
