import { z } from 'zod';

import { nearest } from '../config/nearest.ts';
import { isStorable } from '../db/text.ts';
import { configurationDocument, type ConfigurationDocument } from './document.ts';
import { ConfigurationRefused, textOf, type PlacedProblem, type Problem } from './problem.ts';
import { readYaml } from './read-yaml.ts';

export interface Configuration {
  readonly document: ConfigurationDocument;
  /** Where in the text something is that a later check finds. */
  readonly place: (problem: Problem) => PlacedProblem;
}

/** Reads a file. Throws {@link ConfigurationRefused} with everything that is wrong with its form. */
export function readConfigurationText(text: string): Configuration {
  const { value, place } = readYaml(text);
  return readConfiguration(value, place);
}

/** The same for a value that came as JSON; its problems have a path and no line. */
export function readConfiguration(
  value: unknown,
  place: Configuration['place'] = ({ path, message }) => ({ path: textOf(path), message }),
): Configuration {
  const result = configurationDocument.safeParse(value);
  const problems = result.success ? findUnstorable(result.data) : result.error.issues.flatMap(problemsOf);
  if (problems.length > 0 || !result.success) throw new ConfigurationRefused(problems.map(place));
  return { document: result.data, place };
}

type Issue = z.core.$ZodIssue;

function problemsOf(issue: Issue): Problem[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (issue.code === 'unrecognized_keys') {
    const known = membersAt(configurationDocument, path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: unknownMember(key, known),
      isName: true,
    }));
  }
  return [{ path, message: sentenceOf(issue) }];
}

/** Members that people write a secret into. */
const SECRET_NAMES = /secret|password|private_key/i;

function unknownMember(name: string, known: readonly string[]): string {
  if (SECRET_NAMES.test(name)) {
    return 'is not known here: a file holds no secret, but says where it is kept, see `secrets`';
  }
  const near = nearest(name, known);
  return near === undefined ? 'is not known here' : `is not known here: did you mean ${near}?`;
}

function sentenceOf(issue: Issue): string {
  if (issue.code === 'invalid_type') {
    return issue.input === undefined && issue.message.endsWith('undefined')
      ? 'is missing'
      : `must be of type ${issue.expected}`;
  }
  if (issue.code === 'invalid_value')
    return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
  if (issue.code === 'invalid_union')
    return issue.message.startsWith('must') ? issue.message : 'must be of a kind that is known';
  // What we say ourselves continues the path; the rest is the library's.
  return issue.message.startsWith('must ') ? issue.message : `is not accepted: ${issue.message}`;
}

/** The members that an object at this path may have. */
function membersAt(schema: z.ZodType, path: Problem['path']): string[] {
  const here = unwrapped(schema);
  const [step, ...rest] = path;
  if (here instanceof z.ZodUnion) {
    return here.options.flatMap((option) => membersAt(option as z.ZodType, path));
  }
  if (here instanceof z.ZodArray)
    return typeof step === 'number' ? membersAt(here.element as z.ZodType, rest) : [];
  if (!(here instanceof z.ZodObject)) return [];
  const shape: Readonly<Record<string, z.ZodType>> = here.shape;
  if (step === undefined) return Object.keys(shape);
  const next = Object.hasOwn(shape, step) ? shape[step] : undefined;
  return next ? membersAt(next, rest) : [];
}

function unwrapped(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return unwrapped(schema.unwrap() as z.ZodType);
  }
  return schema;
}

/** What came as JSON may have texts that no YAML has passed. */
function findUnstorable(value: unknown, path: Problem['path'] = []): Problem[] {
  if (typeof value === 'string')
    return isStorable(value) ? [] : [{ path, message: 'has a NUL or half a character' }];
  if (Array.isArray(value)) return value.flatMap((item, index) => findUnstorable(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    isStorable(name)
      ? findUnstorable(item, [...path, name])
      : [{ path, message: 'has a name with a NUL or half a character' }],
  );
}
