import { readFileSync, statSync } from 'node:fs';
import { nearest } from './nearest.ts';
import { secretNames, variableNames } from './schema.ts';
import type { VariableName } from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
export type Values = Partial<Record<VariableName, string>>;

/** A variable and what is wrong with it, in a sentence that continues its name. */
export interface Problem {
  readonly name: string;
  readonly text: string;
}

/** Picks our variables out of the environment, reads the `*_FILE` ones and finds the names nobody knows. */
export function readEnvironment(env: Environment): { values: Values; problems: Problem[] } {
  const values: Values = {};
  const problems: Problem[] = unknownNames(env);
  for (const name of variableNames) {
    const value = given(env, name);
    if (value !== undefined) values[name] = value;
  }
  for (const name of secretNames) {
    const path = given(env, `${name}_FILE`);
    if (path === undefined) continue;
    if (values[name] !== undefined) {
      problems.push({ name, text: `and ${name}_FILE are both set: keep one of them` });
      continue;
    }
    const file = readSecretFile(path);
    if ('text' in file) values[name] = file.text;
    else problems.push({ name: `${name}_FILE`, text: file.problem });
  }
  return { values, problems };
}

/** Compose files and Kubernetes manifests pass variables on as empty text: that is unset. */
function given(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' || isServiceLink(name, value) ? undefined : value;
}

/**
 * Kubernetes gives every pod variables for each Service of its namespace: beside one called `guichet` ours would find
 * GUICHET_PORT=tcp://10.0.0.1:3000 and GUICHET_SERVICE_HOST.
 */
function isServiceLink(name: string, value: string): boolean {
  if (name.endsWith('_PORT')) return /^(?:tcp|udp|sctp):\/\//.test(value) || name.endsWith('_SERVICE_PORT');
  return /_SERVICE_HOST$|_SERVICE_PORT_|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_|$)/.test(name);
}

function unknownNames(env: Environment): Problem[] {
  const known = [...variableNames, ...secretNames.map((name) => `${name}_FILE`)];
  return Object.entries(env)
    .filter(([name, value]) => name.startsWith('GUICHET_') && !isServiceLink(name, value ?? ''))
    .filter(([name]) => !known.includes(name))
    .map(([name]) => {
      const near = nearest(name, known, { prefix: 'GUICHET_' });
      return {
        name,
        text: near === undefined ? 'is not a variable of this server' : `is unknown: did you mean ${near}?`,
      };
    });
}

/** No secret is longer; a path that points at a log or a device is a mistake. */
const SECRET_FILE_BYTES_MAX = 65_536;

function readSecretFile(path: string): { text: string } | { problem: string } {
  try {
    const { size } = statSync(path);
    if (size > SECRET_FILE_BYTES_MAX)
      return { problem: `names a file of ${size} bytes, too large for a secret` };
    const text = readFileSync(path, 'utf8').trim();
    return text === '' ? { problem: `names an empty file (${path})` } : { text };
  } catch (error) {
    return { problem: `cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}
