import { Option, type Command } from 'commander';

import { EXPORT_FORMATS } from '../audit/export.ts';
import { addVerb, repeatable } from './surface.ts';

const argumentHelp = { webhook: 'its id (guichet webhooks list)' };

export function webhooksCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'create',
    summary: 'send audit events somewhere as they happen; prints the secret, once',
    options: [
      new Option('--name <name>', 'what it is called').makeOptionMandatory(),
      new Option(
        '--url <url>',
        'https://…, or syslogs://host:port (TLS), syslog://host:port (TCP)',
      ).makeOptionMandatory(),
      new Option('--format <format>', 'our own, or OCSF 1.1 for a SIEM')
        .choices(EXPORT_FORMATS)
        .default('jsonl'),
      repeatable(
        '--type <type>',
        'only events of this type, or of all that begin so when it ends with a dot (client.)',
      ),
      new Option('--min-risk <score>', 'only events at least as risky (0 to 100)'),
    ],
    examples: [
      'webhooks create --name SIEM --url https://siem.example.com/guichet',
      'webhooks create --name Pager --url https://pager.example.com/hook --min-risk 50',
      'webhooks create --name Archive --url syslogs://logs.example.com:6514 --format ocsf',
    ],
    notes:
      'HTTP requests are signed as Standard Webhooks says; whatever is not answered with a 2xx is sent again until it is. What happened before is sent with guichet webhooks replay.',
    load: async () => (await import('./webhook-actions.ts')).create,
  });
  addVerb(noun, {
    usage: 'list',
    summary: 'list webhooks and how far each has come',
    options: [
      new Option('--limit <number>', 'how many at most').default('100'),
      new Option('--after <next>', 'go on where the page before ended (its next)'),
    ],
    load: async () => (await import('./webhook-actions.ts')).list,
  });
  addVerb(noun, {
    usage: 'show <webhook>',
    summary: 'show one',
    argumentHelp,
    load: async () => (await import('./webhook-actions.ts')).show,
  });
  addVerb(noun, {
    usage: 'test <webhook>',
    summary: 'send an event of the type webhook.test now, and say what came of it',
    argumentHelp,
    load: async () => (await import('./webhook-actions.ts')).test,
  });
  addVerb(noun, {
    usage: 'replay <webhook>',
    summary: 'send everything again from an event or a time on',
    argumentHelp,
    options: [
      new Option('--seq <number>', 'from this event on (data.seq of what was sent)'),
      new Option('--since <when>', 'from a time on (2026-03-01T00:00:00Z), or how long ago (24h, 7d)'),
    ],
    examples: ['webhooks replay whk_… --since 24h'],
    notes: 'Receivers know by the header webhook-id what they had already.',
    load: async () => (await import('./webhook-actions.ts')).replay,
  });
  addVerb(noun, {
    usage: 'disable <webhook>',
    summary: 'send nothing there until it is enabled; nothing is lost meanwhile',
    argumentHelp,
    load: async () => (await import('./webhook-actions.ts')).disable,
  });
  addVerb(noun, {
    usage: 'enable <webhook>',
    summary: 'go on where it was, at once',
    argumentHelp,
    load: async () => (await import('./webhook-actions.ts')).enable,
  });
  addVerb(noun, {
    usage: 'delete <webhook>',
    summary: 'forget it',
    argumentHelp,
    load: async () => (await import('./webhook-actions.ts')).remove,
  });
}
