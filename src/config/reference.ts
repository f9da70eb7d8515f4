import type { Values } from './environment.ts';
import { secretNames, variableNames, variableReference, variables } from './schema.ts';
import type { VariableName } from './schema.ts';

/** The README's table: one row per variable, in the schema's order. */
export function configurationTable(): string {
  const rows = variableNames.map((name) => {
    const { description, whenUnset, literal } = referenceOf(name);
    const file = secretNames.includes(name) ? `, \`${name}_FILE\`` : '';
    return `| \`${name}\`${file} | ${whenUnset ?? `\`${literal}\``} | ${description} |`;
  });
  return ['| Variable | Default | Meaning |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

/** `.env.example`: every variable commented out, so that a copy changes nothing until a line is made one's own. */
export function environmentExample(): string {
  const entries = variableNames.map((name) => {
    const { description, whenUnset, literal } = referenceOf(name);
    const file = secretNames.includes(name) ? ` Or the path of a file that holds it, in ${name}_FILE.` : '';
    return `# ${description}.${file}${whenUnset === undefined ? '' : `\n# Default: ${whenUnset}.`}\n#${name}=${whenUnset === undefined ? literal : ''}\n`;
  });
  return [EXAMPLE_HEAD, ...entries].join('\n').replaceAll('`', '');
}

/** What is configured, as it was given: of secrets only whether they are. */
export interface Setting {
  readonly name: VariableName;
  readonly description: string;
  readonly isSecret: boolean;
  readonly isSet: boolean;
  /** null: unset, or a secret. */
  readonly value: string | null;
  /** What holds when it is unset. */
  readonly whenUnset: string;
}

export function settingsOf(values: Values): Setting[] {
  return variableNames.map((name) => {
    const { description, whenUnset, literal } = referenceOf(name);
    const isSecret = secretNames.includes(name);
    return {
      name,
      description: description.replaceAll('`', ''),
      isSecret,
      isSet: values[name] !== undefined,
      value: isSecret ? null : (values[name] ?? null),
      whenUnset: (whenUnset ?? literal).replaceAll('`', ''),
    };
  });
}

const EXAMPLE_HEAD =
  '# Every variable of the server with its default. Unknown GUICHET_ names are refused at start.\n';

const defaults = variables.parse({});

function referenceOf(name: VariableName) {
  const found = variableReference.get(variables.shape[name]);
  if (found === undefined) throw new TypeError(`${name} has no description`);
  return { ...found, literal: String(defaults[name]) };
}
