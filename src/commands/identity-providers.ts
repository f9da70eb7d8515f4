import { Option, type Command } from 'commander';

import { PROVISIONINGS } from '../upstream/identity-provider.ts';
import { AUTH_METHODS } from '../upstream/oidc-settings.ts';
import { addDirectoryVerbs } from './directories.ts';
import { settingsOptions } from './provider-settings.ts';
import { addVerb, repeatable } from './surface.ts';
import { groupsOption, providerOptions } from './upstream-options.ts';

const PROVIDER = { slug: 'slug of the identity provider' };

export function identityProvidersCommand(noun: Command): void {
  const create = noun.command('create').description('connect an identity provider');
  addVerb(create, {
    usage: 'oidc',
    summary: 'connect an OpenID provider by its discovery document',
    options: [
      ...providerOptions(),
      new Option('--issuer <url>', 'its issuer, exactly as in its discovery document').makeOptionMandatory(),
      new Option('--client-id <id>', 'what it registered this server as').makeOptionMandatory(),
      new Option('--auth-method <method>', 'how this server authenticates').choices(AUTH_METHODS),
      repeatable('--scope <name>', 'asked for beside openid; profile and email otherwise'),
      repeatable('--acr-value <value>', 'asked for each time: how it is told to want two factors'),
      new Option('--trust-mfa', 'two factors that it asked for count here'),
      new Option('--no-button', 'no button on the sign-in page: by domain only'),
    ],
    notes:
      'The client secret comes on standard input. The addresses to register with the provider are printed.',
    examples: [
      'identity-providers create oidc --name Contoso --issuer https://login.contoso.example --client-id guichet --domain contoso.example < secret.txt',
    ],
    load: async () => (await import('./oidc-actions.ts')).createOidc,
  });
  addDirectoryVerbs(noun, create);
  addVerb(noun, {
    usage: 'list',
    summary: 'list identity providers',
    load: async () => (await import('./identity-provider-actions.ts')).list,
  });
  addVerb(noun, {
    usage: 'show <slug>',
    summary: 'show one, and how many people are connected through it',
    argumentHelp: PROVIDER,
    load: async () => (await import('./identity-provider-actions.ts')).show,
  });
  addVerb(noun, {
    usage: 'update <slug>',
    summary: 'change its name, how it is reached, its domains and claims, and what is believed of it',
    argumentHelp: PROVIDER,
    options: [
      new Option('--name <text>', 'what it is called on the sign-in page'),
      repeatable('--domain <domain>', 'all the domains that lead there; replaces those there were'),
      new Option('--no-domain', 'none'),
      repeatable('--map <claim=attribute>', 'fill one of our claims from this attribute; empty: from none'),
      new Option('--provisioning <rule>', 'what becomes of strangers').choices(PROVISIONINGS),
      new Option('--trust-email', 'its e-mail addresses are known to be the people’s own'),
      new Option('--no-trust-email', 'they are not'),
      new Option('--trust-mfa', 'two factors that it asked for count here'),
      new Option('--no-trust-mfa', 'they do not'),
      new Option('--button', 'a button on the sign-in page'),
      new Option('--no-button', 'none'),
      groupsOption(),
      new Option('--no-groups', 'as where it is not said'),
      ...settingsOptions(),
      new Option('--new-secret', 'replace the client secret or bind password by one from standard input'),
    ],
    examples: [
      'identity-providers update contoso --issuer https://login.contoso.example --client-id guichet',
      'identity-providers update contoso --new-secret < secret.txt',
    ],
    load: async () => (await import('./identity-provider-actions.ts')).update,
  });
  addVerb(noun, {
    usage: 'map-group <slug> <group>',
    summary: 'whoever is in a group there has a role here, from their next sign-in on',
    argumentHelp: { ...PROVIDER, group: 'as the provider writes it; of a directory, its name (DN)' },
    options: groupOptions(),
    notes: 'What the provider gives is taken when the group is gone; what an operator gave stays.',
    examples: ['identity-providers map-group contoso sales --api https://api.example.com --role clerk'],
    load: async () => (await import('./identity-provider-groups.ts')).map,
  });
  addVerb(noun, {
    usage: 'unmap-group <slug> <group>',
    summary: 'the group is worth that role no more; whoever has it by it keeps it until they sign in again',
    argumentHelp: PROVIDER,
    options: groupOptions(),
    load: async () => (await import('./identity-provider-groups.ts')).unmap,
  });
  addVerb(noun, {
    usage: 'groups <slug>',
    summary: 'list what its groups are worth',
    argumentHelp: PROVIDER,
    load: async () => (await import('./identity-provider-groups.ts')).list,
  });
  addVerb(noun, {
    usage: 'disable <slug>',
    summary: 'let nobody come through it, and end the sessions and tokens of everybody who did',
    argumentHelp: PROVIDER,
    load: async () => (await import('./identity-provider-actions.ts')).disable,
  });
  addVerb(noun, {
    usage: 'enable <slug>',
    summary: 'let people come through it again',
    argumentHelp: PROVIDER,
    load: async () => (await import('./identity-provider-actions.ts')).enable,
  });
  addVerb(noun, {
    usage: 'delete <slug>',
    summary: 'forget it and who its people are here; their accounts stay',
    argumentHelp: PROVIDER,
    load: async () => (await import('./identity-provider-actions.ts')).remove,
  });
}

function groupOptions(): Option[] {
  return [
    new Option('--api <audience>', 'the API that the role is of').makeOptionMandatory(),
    new Option('--role <name>', 'the role').makeOptionMandatory(),
  ];
}
