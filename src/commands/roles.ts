import { Option, type Command } from 'commander';

import { addVerb, repeatable } from './surface.ts';

const ROLE = { role: 'its name at the API of --api, or its id' };

export function rolesCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'create <name>',
    summary: 'make a role of an API',
    argumentHelp: { name: 'lower-case letters, digits, dots, underscores, colons and hyphens' },
    options: [
      apiOption().makeOptionMandatory(),
      repeatable('--scope <name>', 'a scope of the API that the role carries'),
      new Option('--description <text>', 'for operators'),
    ],
    notes: 'Roles count where the API enforces them: apis update <api> --enforce-roles.',
    examples: ['roles create clerk --api https://api.example.com --scope orders:read --scope orders:write'],
    load: async () => (await import('./role-actions.ts')).create,
  });
  addVerb(noun, {
    usage: 'list',
    summary: 'list roles, of one API or of all',
    options: [
      apiOption(),
      new Option('--limit <n>', 'rows at most (default: 100)'),
      new Option('--after <next>', 'go on where the page before ended (its next)'),
    ],
    load: async () => (await import('./role-actions.ts')).list,
  });
  addVerb(noun, {
    usage: 'show <role>',
    summary: 'show one role and who has it',
    argumentHelp: ROLE,
    options: [
      apiOption(),
      new Option('--limit <n>', 'people and clients at most (default: 100)'),
      new Option('--after <next>', 'go on where the page before ended (its next)'),
    ],
    load: async () => (await import('./role-actions.ts')).show,
  });
  addVerb(noun, {
    usage: 'update <role>',
    summary: 'change its name, description or scopes',
    argumentHelp: ROLE,
    options: [
      apiOption(),
      new Option('--name <name>', 'another name'),
      new Option('--description <text>', 'another description'),
      repeatable('--scope <name>', 'all the scopes it carries; replaces those there were'),
      new Option('--no-scopes', 'it carries none any more'),
    ],
    notes: 'Where the API enforces roles, losing scopes ends the tokens of everybody who has the role.',
    examples: ['roles update clerk --api https://api.example.com --scope orders:read'],
    load: async () => (await import('./role-actions.ts')).update,
  });
  addVerb(noun, {
    usage: 'delete <role>',
    summary: 'take it from everybody and forget it',
    argumentHelp: ROLE,
    options: [apiOption()],
    load: async () => (await import('./role-actions.ts')).remove,
  });
  addVerb(noun, {
    usage: 'give <role>',
    summary: 'give it to a person or a client; it counts from the next token on',
    argumentHelp: ROLE,
    options: [apiOption(), ...subjectOptions()],
    examples: ['roles give clerk --api https://api.example.com --user ada@example.com'],
    load: async () => (await import('./role-actions.ts')).give,
  });
  addVerb(noun, {
    usage: 'take <role>',
    summary: 'take it away, with the tokens that carry more than what is left',
    argumentHelp: ROLE,
    options: [apiOption(), ...subjectOptions()],
    notes: 'Only what an operator gave. What an identity provider gave follows the groups there.',
    examples: ['roles take clerk --api https://api.example.com --client nightly'],
    load: async () => (await import('./role-actions.ts')).take,
  });
}

function apiOption(): Option {
  return new Option('--api <audience>', 'the audience of the API, or its id');
}

function subjectOptions(): Option[] {
  return [
    new Option('--user <user>', 'e-mail address, username or id of a person'),
    new Option('--client <client_id>', 'a client that acts for itself').conflicts('user'),
  ];
}
