import { Option } from 'commander';

import { PROVISIONINGS } from '../upstream/identity-provider.ts';
import { repeatable } from './surface.ts';
import { DEFAULT_FILTER } from '../upstream/ldap-settings.ts';

/** What there is to say of an identity provider of any kind. */
export function providerOptions(): Option[] {
  return [
    new Option('--name <text>', 'what it is called on the sign-in page'),
    new Option('--slug <word>', 'its name in addresses; made of --name otherwise'),
    repeatable('--domain <domain>', 'whoever types an e-mail address of it is sent there'),
    repeatable('--map <claim=attribute>', 'fill one of our claims from this attribute; empty: from none'),
    new Option(
      '--provisioning <rule>',
      'what becomes of strangers: an account, or a question whose they are',
    ).choices(PROVISIONINGS),
    new Option('--trust-email', 'its e-mail addresses are known to be the people’s own'),
    groupsOption(),
  ];
}

export function groupsOption(): Option {
  return new Option(
    '--groups <attribute>',
    'holds people’s groups: groups, of directories memberOf, otherwise',
  );
}

export function samlOptions(): Option[] {
  return [
    metadataOption(),
    new Option(
      '--subject-attribute <name>',
      'the attribute that is one person for ever, instead of a NameID',
    ),
    new Option('--name-id-format <format>', 'persistent (the default), emailAddress, unspecified or a URN'),
    new Option('--sign-requests', 'sign requests, also where the metadata does not ask for it'),
    new Option('--start-url <url>', 'where people are led who begin at the provider’s own page'),
    new Option('--trust-mfa', 'a second factor that it asked for counts here'),
    new Option('--no-button', 'no button on the sign-in page: by domain only'),
  ];
}

export function metadataOption(): Option {
  return new Option(
    '--metadata <file>',
    'its metadata: a file, an https URL, or - for standard input',
  ).makeOptionMandatory();
}

export function ldapOptions(): Option[] {
  return [
    new Option(
      '--url <url>',
      'ldaps://host[:port], or ldap://host[:port] with --starttls',
    ).makeOptionMandatory(),
    new Option('--starttls', 'begin with StartTLS; without TLS, a directory may only be on this machine'),
    new Option('--ca <file>', 'certificate authorities (PEM) to trust instead of the system’s'),
    new Option('--base <dn>', 'where people are searched for').makeOptionMandatory(),
    new Option('--bind-dn <dn>', 'the service account that searches; its password comes on standard input'),
    new Option('--filter <filter>', 'finds one person; {identifier} stands for what they typed').default(
      DEFAULT_FILTER,
    ),
    new Option('--subject <attribute>', 'what is one person for ever: entryUUID, objectGUID').default(
      'entryUUID',
    ),
    new Option('--default', 'ask this directory for everybody who is in no domain of an identity provider'),
  ];
}
