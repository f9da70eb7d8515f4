import { Option, type Command } from 'commander';

import { pageOptions } from './clients.ts';
import { addVerb, repeatable } from './surface.ts';

const USER = { user: 'e-mail address, username or id' };

export function usersCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'create',
    summary: 'create an account',
    options: [
      ...profileOptions(),
      new Option('--password-stdin', 'read a password from standard input; typed unseen at a terminal'),
    ],
    notes: 'Without a password nobody can sign in: give one now, or later with users set-password.',
    examples: ['users create --email ada@example.com --name "Ada Lovelace" --password-stdin < password.txt'],
    load: async () => (await import('./user-actions.ts')).create,
  });
  addVerb(noun, {
    usage: 'invite <email>',
    summary: 'send somebody a link with which they make themselves an account',
    argumentHelp: { email: 'e-mail address' },
    options: [new Option('--name <text>', 'full name, which they can change')],
    notes:
      'The link is also printed, once, for you to hand on. It is good for a week. An address counts as verified only for ' +
      'who came by the mail.',
    examples: ['users invite ada@example.com --name "Ada Lovelace"'],
    load: async () => (await import('./user-mails.ts')).inviteUser,
  });
  addVerb(noun, {
    usage: 'list',
    summary: 'list accounts, oldest first',
    options: pageOptions('username or e-mail address'),
    load: async () => (await import('./user-actions.ts')).list,
  });
  addVerb(noun, {
    usage: 'show <user>',
    summary: 'show one account',
    argumentHelp: USER,
    load: async () => (await import('./user-actions.ts')).show,
  });
  addVerb(noun, {
    usage: 'update <user>',
    summary: 'change names and profile',
    argumentHelp: USER,
    options: [
      ...profileOptions(),
      new Option('--no-email-verified', 'nobody has shown that the address is theirs'),
      repeatable('--unset <member>', 'take username, email or a claim away'),
    ],
    examples: ['users update ada@example.com --email ada@example.org --unset nickname'],
    load: async () => (await import('./user-actions.ts')).update,
  });
  addVerb(noun, {
    usage: 'set-password <user>',
    summary: 'set a password, read from standard input, and sign the person out everywhere',
    argumentHelp: USER,
    options: [new Option('--keep-sessions', 'leave sessions and tokens as they are')],
    examples: ['users set-password ada@example.com < password.txt'],
    load: async () => (await import('./user-actions.ts')).setPasswordOf,
  });
  addVerb(noun, {
    usage: 'activity <user>',
    summary: 'list what happened to an account, newest first',
    argumentHelp: USER,
    options: [
      new Option('--limit <n>', 'events at most (default: 100)'),
      new Option('--before <id>', 'begin after this event'),
    ],
    load: async () => (await import('./user-record-actions.ts')).activity,
  });
  addVerb(noun, {
    usage: 'export <user>',
    summary: 'print everything kept of one person as JSON, without secrets',
    argumentHelp: USER,
    examples: ['users export ada@example.com > ada.json'],
    load: async () => (await import('./user-record-actions.ts')).exportOne,
  });
  addVerb(noun, {
    usage: 'reset-factors <user>',
    summary: 'take passkeys, one-time codes and recovery codes away, and sign the person out everywhere',
    argumentHelp: USER,
    notes:
      'For somebody who has lost all of them. Make sure that it is them who asks: only the password is left.',
    load: async () => (await import('./user-actions.ts')).resetFactorsOf,
  });
  addVerb(noun, {
    usage: 'send-reset <user>',
    summary: 'send the person a link with which they choose a password',
    argumentHelp: USER,
    notes: 'Until they have chosen one, nothing changes. You never see the link or the password.',
    load: async () => (await import('./user-mails.ts')).sendReset,
  });
  addVerb(noun, {
    usage: 'require-password-change <user>',
    summary: 'sign the person out everywhere; the next sign-in with the password leads to a new one first',
    argumentHelp: USER,
    notes:
      'You never choose the password. Whoever knows the old one and has no second factor to show can choose the new one: ' +
      'if it is known to others, use users set-password and users send-reset instead.',
    examples: ['users require-password-change ada@example.com'],
    load: async () => (await import('./user-actions.ts')).requirePasswordChangeOf,
  });
  addVerb(noun, {
    usage: 'disable <user>',
    summary: 'sign the person out everywhere, end their tokens, and let them sign in no more',
    argumentHelp: USER,
    load: async () => (await import('./user-actions.ts')).disable,
  });
  addVerb(noun, {
    usage: 'enable <user>',
    summary: 'let the person sign in again',
    argumentHelp: USER,
    load: async () => (await import('./user-actions.ts')).enable,
  });
  addVerb(noun, {
    usage: 'sign-out <user>',
    summary: 'end every session of the person: their tokens die, clients are told',
    argumentHelp: USER,
    load: async () => (await import('./user-access-actions.ts')).signOut,
  });
  addVerb(noun, {
    usage: 'consents <user>',
    summary: 'list the clients that hold something of the person, or may have it without asking again',
    argumentHelp: USER,
    load: async () => (await import('./user-access-actions.ts')).consents,
  });
  addVerb(noun, {
    usage: 'withdraw <user> <client>',
    summary: 'take back what the person allowed a client, and end all it holds of them',
    argumentHelp: { ...USER, client: 'id of the client' },
    load: async () => (await import('./user-access-actions.ts')).withdraw,
  });
  addVerb(noun, {
    usage: 'identities <user>',
    summary: 'list as whom the person is known to identity providers',
    argumentHelp: USER,
    load: async () => (await import('./user-identity-actions.ts')).identities,
  });
  addVerb(noun, {
    usage: 'disconnect <user> <identity>',
    summary: 'take such an identity away, and end the sessions and tokens that came of it',
    argumentHelp: { ...USER, identity: 'id of the identity, as users identities lists it' },
    load: async () => (await import('./user-identity-actions.ts')).disconnect,
  });
  addVerb(noun, {
    usage: 'delete <user>',
    summary: 'sign the person out everywhere, end their tokens, and forget them',
    argumentHelp: USER,
    load: async () => (await import('./user-actions.ts')).remove,
  });
  addVerb(noun, {
    usage: 'import <file>',
    summary: 'import accounts with their password hashes, one JSON object per line',
    argumentHelp: { file: 'JSON lines, or - for standard input' },
    options: [
      new Option('--from <product>', 'whose export it is: guichet, keycloak, firebase or auth0'),
      new Option('--dry-run', 'say what would happen and change nothing; exit code 1 if anything is refused'),
      new Option(
        '--on-conflict <what>',
        'when another account has the username or address: fail (default) or skip',
      ),
      new Option('--errors <file>', 'write every line that is refused or skipped to a file, with the reason'),
      new Option(
        '--firebase-hash-config <file>',
        'the block “Password hash parameters” of the Firebase console',
      ),
    ],
    notes:
      'An account whose id exists is left as it is, so an import that was interrupted is simply run again.',
    examples: [
      'users import people.jsonl --dry-run',
      "jq -c '.users[]' realm-export.json | guichet users import - --from keycloak",
    ],
    load: async () => (await import('./user-import.ts')).importUsers,
  });
}

function profileOptions(): Option[] {
  return [
    new Option('--email <address>', 'e-mail address, to sign in with'),
    new Option('--email-verified', 'the address is known to be theirs'),
    new Option('--username <name>', 'another name to sign in with'),
    new Option('--name <text>', 'full name'),
    new Option('--given-name <text>'),
    new Option('--family-name <text>'),
    new Option('--middle-name <text>'),
    new Option('--nickname <text>'),
    new Option('--profile <url>', 'page about the person'),
    new Option('--picture <url>'),
    new Option('--website <url>'),
    new Option('--gender <text>'),
    new Option('--birthdate <date>', 'YYYY-MM-DD, or YYYY'),
    new Option('--zoneinfo <zone>', 'time zone, like Europe/Paris'),
    new Option('--locale <tag>', 'language, like fr-FR'),
    new Option('--phone-number <number>', 'international, like +33 1 23 45 67 89'),
    new Option('--phone-number-verified', 'the number is known to be theirs'),
    repeatable(
      '--address <part=text>',
      'formatted, street_address, locality, region, postal_code or country',
    ),
  ];
}
