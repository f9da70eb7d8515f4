import { Option, type Command } from 'commander';

import { EXPORT_FORMATS } from '../audit/export.ts';
import { SEVERITIES } from '../report/rule.ts';
import { addVerb, repeatable } from './surface.ts';

const typeHelp = 'of this type, or of all that begin so when it ends with a dot (client.)';
const timeHelp = 'a time (2026-03-01T00:00:00Z), or how long ago (90s, 15m, 24h, 7d)';

export function auditCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'list',
    summary: 'what happened, latest first',
    options: [
      new Option('--type <type>', typeHelp),
      new Option('--actor <actor>', 'done by: cli, system, anonymous, account:ID, client:ID'),
      new Option('--client <id>', 'about this client'),
      new Option('--user <id>', 'about this person'),
      new Option('--address <address>', 'from this address or network (CIDR)'),
      new Option('--request <id>', 'in this request'),
      new Option('--since <when>', `not before ${timeHelp}`),
      new Option('--until <when>', `before ${timeHelp}`),
      new Option('--min-risk <score>', 'at least as risky (0 to 100)'),
      new Option('--limit <number>', 'how many at most').default('50'),
      new Option('--after <next>', 'go on where the page before ended (its next)'),
    ],
    examples: ['audit list --min-risk 50 --since 24h', 'audit list --type client. --actor cli'],
    load: async () => (await import('./audit-actions.ts')).list,
  });
  addVerb(noun, {
    usage: 'export',
    summary: 'print events, oldest first, one JSON object a line',
    options: [
      new Option('--format <format>', 'our own, with what verifies it, or OCSF 1.1 for a SIEM')
        .choices(EXPORT_FORMATS)
        .default('jsonl'),
      new Option('--since <when>', `not before ${timeHelp}`),
      new Option('--until <when>', `before ${timeHelp}`),
      repeatable('--type <type>', typeHelp),
      new Option('--min-risk <score>', 'at least as risky (0 to 100)'),
    ],
    examples: ['audit export > audit.jsonl', 'audit export --format ocsf --since 24h | gzip > day.ocsf.gz'],
    notes: 'docs/audit.md says how the lines are verified without this server.',
    load: async () => (await import('./audit-actions.ts')).exportLog,
  });
  addVerb(noun, {
    usage: 'verify',
    summary: 'prove that no event was changed, removed or put in; ends with 1 if one was',
    options: [
      repeatable('--checkpoint <text>', 'one that was kept elsewhere, or a file with some in it: a log'),
      repeatable(
        '--key <jwk>',
        'a public key of an older GUICHET_SECRET (guichet audit key), or a file with it',
      ),
      new Option('--last <n>', 'only so many events at the end; the one before them is believed'),
    ],
    examples: ['audit verify', 'audit verify --checkpoint guichet.log'],
    notes:
      'Somebody who can write to the database can cut off the end of the log together with the checkpoints in the database. The server writes every checkpoint to its log as well: give it that log.',
    load: async () => (await import('./audit-verify.ts')).verify,
  });
  addVerb(noun, {
    usage: 'checkpoints',
    summary: 'list signed checkpoints, latest first',
    options: [
      new Option('--limit <number>', 'how many at most').default('20'),
      new Option('--make', 'sign one now for what none covers yet'),
    ],
    load: async () => (await import('./audit-actions.ts')).checkpoints,
  });
  addVerb(noun, {
    usage: 'key',
    summary: 'print the public keys of checkpoints as JWKs',
    notes: 'Keep them: checkpoints are verified with them when their GUICHET_SECRET is no longer listed.',
    load: async () => (await import('./audit-actions.ts')).key,
  });
  addVerb(noun, {
    usage: 'report',
    summary: 'hold every client, every API and the server against the security rules, and keep the report',
    options: [
      new Option('--fail-on <severity>', 'end with 1 when something this severe was found').choices(
        SEVERITIES,
      ),
    ],
    examples: ['audit report --fail-on high', 'audit report --json > report.json'],
    notes: 'docs/security-report.md lists the rules.',
    load: async () => (await import('./audit-report.ts')).make,
  });
  addVerb(noun, {
    usage: 'reports',
    summary: 'list the reports that were made, latest first',
    options: [
      new Option('--limit <number>', 'how many at most').default('20'),
      new Option('--after <next>', 'go on where the page before ended (its next)'),
    ],
    load: async () => (await import('./audit-report.ts')).list,
  });
  addVerb(noun, {
    usage: 'show-report <report>',
    summary: 'print a report as it was made',
    argumentHelp: { report: 'its id (guichet audit reports)' },
    load: async () => (await import('./audit-report.ts')).show,
  });
}
