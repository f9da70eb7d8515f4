import { Option, type Command } from 'commander';

import { addVerb } from './surface.ts';
import { ldapOptions, metadataOption, providerOptions, samlOptions } from './upstream-options.ts';

const PROVIDER = { slug: 'slug of the identity provider' };

/** What the noun `identity-providers` has for SAML and LDAP; `create` is its verb with the kinds below it. */
export function addDirectoryVerbs(noun: Command, create: Command): void {
  addVerb(create, {
    usage: 'saml',
    summary: 'connect a SAML 2.0 identity provider by its metadata',
    options: [...providerOptions(), ...samlOptions()],
    notes: 'Its operator needs the two addresses that are printed, or the metadata at the first of them.',
    examples: [
      'identity-providers create saml --name Contoso --metadata https://idp.contoso.example/metadata --domain contoso.example',
      'identity-providers create saml --name Contoso --metadata metadata.xml --subject-attribute urn:oid:0.9.2342.19200300.100.1.1',
    ],
    load: async () => (await import('./saml-actions.ts')).createSaml,
  });
  addVerb(create, {
    usage: 'ldap',
    summary: 'connect a directory: LDAP or Active Directory',
    options: [...providerOptions(), ...ldapOptions()],
    notes: 'People type the password of the directory into the sign-in form of this server.',
    examples: [
      'identity-providers create ldap --name Staff --url ldaps://ldap.example.com --base dc=example,dc=com --bind-dn cn=guichet,dc=example,dc=com --domain example.com < password.txt',
      "identity-providers create ldap --name AD --url ldaps://dc1.corp.example --base dc=corp,dc=example --bind-dn 'CORP\\guichet' --filter '(&(objectClass=user)(|(sAMAccountName={identifier})(userPrincipalName={identifier})))' --subject objectGUID --map preferred_username=sAMAccountName --default < password.txt",
    ],
    load: async () => (await import('./ldap-actions.ts')).createLdap,
  });
  addVerb(noun, {
    usage: 'check <slug>',
    summary: 'see whether a directory or an OpenID provider answers, and takes our credentials',
    argumentHelp: PROVIDER,
    options: [
      new Option(
        '--identifier <name>',
        'in a directory, search for this person, and show what would be read of them',
      ),
    ],
    examples: ['identity-providers check contoso', 'identity-providers check staff --identifier ada'],
    load: async () => (await import('./identity-provider-check.ts')).check,
  });
  addVerb(noun, {
    usage: 'sync <slug>',
    summary: 'sign out whoever a directory does not let in any more, as happens every hour by itself',
    argumentHelp: PROVIDER,
    options: [
      new Option('--dry-run', 'say who that would be, and leave them signed in'),
      new Option('--force', 'also when more than a fifth of all people seem to have left'),
    ],
    load: async () => (await import('./ldap-actions.ts')).sync,
  });
  addVerb(noun, {
    usage: 'refresh <slug>',
    summary: 'read the metadata of a SAML identity provider again, for new certificates',
    argumentHelp: PROVIDER,
    options: [metadataOption()],
    examples: ['identity-providers refresh contoso --metadata https://idp.contoso.example/metadata'],
    load: async () => (await import('./saml-actions.ts')).refreshSaml,
  });
}
