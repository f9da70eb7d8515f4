import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { z } from 'zod';

import { readSecretReference } from '../config/secret-reference.ts';
import { applyConfiguration, countsOf, planConfiguration } from '../configuration/apply.ts';
import { configurationJsonSchema } from '../configuration/document.ts';
import { findDrift } from '../configuration/drift.ts';
import { exportConfiguration } from '../configuration/export.ts';
import { readConfigurationText, type Configuration } from '../configuration/read-configuration.ts';
import type { ReadReference } from '../configuration/resolve-references.ts';
import { driftInWords, planInWords, summaryOf } from '../configuration/words.ts';
import { driftToJson, planToJson } from '../configuration/to-json.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { settingToJson } from '../documents/setting.ts';
import { ACTOR } from './actor.ts';
import { COMMAND } from './command-name.ts';
import { quoted } from '../words.ts';
import { paragraphs, table } from './outcome.ts';
import { parseOptions } from './parse.ts';
import { endedInWords } from './revoked.ts';
import type { Action } from './run.ts';
import { readInput, readTextFile } from './stdin.ts';

const planOptions = z.object({
  file: z.string(),
  prune: z.boolean().default(false),
  takeOver: z.boolean().default(false),
});

export const plan: Action = async (context, { options: given }) => {
  const { file, ...options } = parseOptions(planOptions, given);
  const found = await planConfiguration(context, await readConfigurationFile(file), {
    ...options,
    read: readFrom(file),
  });
  const hasChanges = found.changes.length > 0;
  const next = `Make exactly this:\n  ${COMMAND} apply -f ${quoted(file)} --plan-digest ${found.digest}`;
  return {
    json: planToJson(found),
    text: paragraphs(planInWords(found), summaryOf(found), hasChanges && next),
    exitCode: hasChanges ? 2 : 0,
    isDiff: true,
  };
};

const applyOptions = planOptions.extend({
  planDigest: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
    .optional(),
});

export const apply: Action = async (context, { options: given }) => {
  const { file, ...options } = parseOptions(applyOptions, given);
  const { plan, secrets, ...revoked } = await applyConfiguration(context, await readConfigurationFile(file), {
    ...options,
    read: readFrom(file),
    actor: ACTOR,
  });
  const shown = secrets.map(({ clientId, secret }) => `  ${clientId}  ${secret}`);
  const isDone = plan.changes.length > 0;
  return {
    json: {
      ...planToJson(plan),
      applied: countsOf(plan),
      secrets: secrets.map(({ clientId, secret }) => ({ client_id: clientId, client_secret: secret })),
      ...revokedMembers(revoked),
    },
    text: paragraphs(
      planInWords(plan),
      isDone ? `Done: ${summaryOf(plan)}` : summaryOf(plan),
      revoked.tokens > 0 && `Of what is gone, ${endedInWords(revoked)}`,
      shown.length > 0 && `Secrets that were made, shown this once:\n${shown.join('\n')}`,
    ),
    isDiff: true,
  };
};

export const exportAll: Action = async (context) => {
  const { document, text } = await exportConfiguration(context);
  return { json: document, text: text.trimEnd() };
};

export const drift: Action = async (context, { options: given }) => {
  const { file } = parseOptions(z.object({ file: z.string().optional() }), given);
  const source = file === undefined ? undefined : (await readConfigurationFile(file)).document.name;
  const found = await findDrift(context, { source });
  return {
    json: { drift: found.map(driftToJson) },
    text: found.length === 0 ? 'Nothing has drifted.' : found.map(driftInWords).join('\n'),
    exitCode: found.length === 0 ? 0 : 2,
    isDiff: true,
  };
};

export const schema: Action = () => {
  const document = configurationJsonSchema();
  return Promise.resolve({ json: document, text: JSON.stringify(document, null, 2) });
};

async function readConfigurationFile(file: string): Promise<Configuration> {
  return readConfigurationText(file === '-' ? await readInput() : await readTextFile(file));
}

/** References are read from the folder of their file. */
function readFrom(file: string): ReadReference {
  const directory = file === '-' ? process.cwd() : path.dirname(path.resolve(file));
  return {
    secret: (reference) => readSecretReference(reference, { directory }),
    picture: (name) => readFile(path.resolve(directory, name)),
  };
}

export const settings: Action = ({ config }) =>
  Promise.resolve({
    json: { settings: config.settings.map(settingToJson) },
    text: table(
      ['SETTING', 'VALUE'],
      config.settings.map(({ name, isSecret, isSet, value, whenUnset }) => [
        name,
        isSecret && isSet ? 'set' : (value ?? `unset: ${whenUnset}`),
      ]),
    ),
  });
