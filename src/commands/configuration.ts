import { Option, type Command } from 'commander';

import { addVerb, equip } from './surface.ts';

const SECRETS_NOTE =
  'A file holds no secrets, but says where they are kept: { env: NAME } or { file: PATH }.\nWhat is not set is not looked at; a new client without a secret of its own is given one, which apply prints once.';

export function planCommand(command: Command): void {
  equip(command, {
    options: [fileOption().makeOptionMandatory(), ...scopeOptions()],
    examples: ['plan -f guichet.yaml', 'plan -f guichet.yaml --json > plan.json'],
    notes: `Changes nothing. Exits with 0 when there is nothing to do, 2 when there are changes, 1 when the file is refused.\n\n${SECRETS_NOTE}`,
    load: async () => (await import('./configuration-actions.ts')).plan,
  });
}

export function applyCommand(command: Command): void {
  equip(command, {
    options: [
      fileOption().makeOptionMandatory(),
      ...scopeOptions(),
      new Option(
        '--plan-digest <digest>',
        'only if the plan is the one with this digest, which plan has printed',
      ),
    ],
    examples: ['apply -f guichet.yaml', 'apply -f guichet.yaml --plan-digest "$(jq -r .digest plan.json)"'],
    notes: `In one transaction, or not at all. What the file no longer says and had made is deleted, and its tokens end.\n\n${SECRETS_NOTE}`,
    load: async () => (await import('./configuration-actions.ts')).apply,
  });
}

export function exportCommand(command: Command): void {
  equip(command, {
    examples: ['export > guichet.yaml'],
    notes:
      'Sorted, without defaults: the same server prints the same bytes. People, sessions, tokens, keys and secrets are not in it.',
    load: async () => (await import('./configuration-actions.ts')).exportAll,
  });
}

export function driftCommand(command: Command): void {
  equip(command, {
    options: [fileOption()],
    examples: ['drift', 'drift -f guichet.yaml'],
    notes:
      'Compares what was applied last with what is there; with a file, of that file only (by its name).\nExits with 0 when nothing has drifted, 2 when something has.',
    load: async () => (await import('./configuration-actions.ts')).drift,
  });
}

export function configCommand(noun: Command): void {
  addVerb(noun, {
    usage: 'schema',
    summary: 'print the JSON Schema of configuration files, for editors',
    examples: ['config schema > guichet.schema.json'],
    load: async () => (await import('./configuration-actions.ts')).schema,
    schema: 'any',
  });
  addVerb(noun, {
    usage: 'settings',
    summary: 'what this server is configured with; of secrets only whether they are set',
    load: async () => (await import('./configuration-actions.ts')).settings,
    schema: 'any',
  });
}

function fileOption(): Option {
  return new Option('-f, --file <path>', 'the configuration file, YAML or JSON; - for standard input');
}

function scopeOptions(): Option[] {
  return [
    new Option('--prune', 'delete also what no file manages'),
    new Option('--take-over', 'take over what another file manages'),
  ];
}
