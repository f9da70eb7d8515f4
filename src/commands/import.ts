import { Option, type Command } from 'commander';

import { addVerb, repeatable } from './surface.ts';

const NOTES = `What is there already stays as it is, so an import is run again without harm. What is not taken over is listed
with what to do about it. docs/migrating.md has what becomes of what.`;

export function importCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'keycloak <export>',
    summary: 'a realm with its clients, roles and people',
    argumentHelp: { export: 'the JSON file of kc.sh export, or the folder with its files' },
    options: [
      dryRun(),
      repeatable('--audience <client=uri>', 'the audience of the API that a client with roles becomes'),
      new Option('--realm-audience <uri>', 'the audience of the API that has the roles of the realm'),
      repeatable('--redirect-uri <client=uri>', 'a redirect URI, for a client that has wildcards'),
      new Option('--with-keys', 'show the verification keys of the realm in the JWKS for 30 days'),
    ],
    notes: NOTES,
    examples: [
      'import keycloak acme-realm.json --dry-run',
      'import keycloak acme-realm.json --realm-audience https://api.example.com',
    ],
    load: async () => (await import('./import-actions.ts')).keycloak,
  });
  addVerb(noun, {
    usage: 'auth0 <export>',
    summary: 'a tenant with its applications, APIs, roles and people',
    argumentHelp: {
      export: 'the folder with what was exported, or one file; docs/migrating.md says how to make them',
    },
    options: [
      dryRun(),
      repeatable('--audience <identifier=uri>', 'the audience of an API whose identifier is no URI'),
      repeatable('--redirect-uri <client=uri>', 'a redirect URI, for an application that has wildcards'),
    ],
    notes: NOTES,
    examples: ['import auth0 ./tenant --dry-run'],
    load: async () => (await import('./import-actions.ts')).auth0,
  });
}

function dryRun(): Option {
  return new Option('--dry-run', 'say what would happen, by doing it and undoing it: no row changes');
}
