import { z } from 'zod';

import { applyConfiguration, countsOf, planConfiguration } from '../configuration/apply.ts';
import { configurationDocument } from '../configuration/document.ts';
import { findDrift } from '../configuration/drift.ts';
import { exportConfiguration } from '../configuration/export.ts';
import { readConfiguration } from '../configuration/read-configuration.ts';
import { readNothing } from '../configuration/resolve-references.ts';
import { driftDocument, driftToJson, planDocument, planToJson } from '../configuration/to-json.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import { operation } from './define.ts';
import type { Operation } from './operation.ts';
import { requireWithinReach } from './reach.ts';
import { adminScopesIn } from './reach-of-files.ts';
import type { AdminScope } from './scopes.ts';

const READ = 'admin:settings:read';
const WRITE = 'admin:settings:write';

/** A file may hold any of these things. */
const EVERYTHING_IN_FILES: readonly AdminScope[] = [
  'admin:apis:write',
  'admin:clients:write',
  'admin:roles:write',
  'admin:identity-providers:write',
  'admin:policies:write',
];

const options = {
  configuration: configurationDocument,
  prune: z.boolean().default(false).describe('Delete what no file manages'),
  take_over: z.boolean().default(false).describe('Manage what a file of another name manages'),
};

export const exportConfigurationOperation = operation({
  id: 'configuration.export',
  command: 'export',
  method: 'GET',
  path: '/configuration',
  scope: READ,
  summary: 'The file that makes an empty server what this one is; secrets by reference',
  answer: z.record(z.string(), z.json()),
  async run(context) {
    const { document } = await exportConfiguration(context);
    return z.record(z.string(), z.json()).parse(document);
  },
});

export const planConfigurationOperation = operation({
  id: 'configuration.plan',
  command: 'plan',
  method: 'POST',
  path: '/configuration/plan',
  scope: READ,
  summary: 'What a file would change; references to secrets and pictures are not read here',
  body: z.strictObject(options),
  answer: planDocument,
  // Its snapshot is a transaction of its own kind, and applying twice does nothing the second time.
  outside: true,
  async run(context, { body }) {
    const { configuration, prune, take_over: takeOver } = body;
    const plan = await planConfiguration(context, readConfiguration(configuration), {
      prune,
      takeOver,
      read: readNothing,
    });
    return planToJson(plan);
  },
});

const count = z.int().min(0);

export const applyConfigurationOperation = operation({
  id: 'configuration.apply',
  command: 'apply',
  method: 'POST',
  path: '/configuration/apply',
  scope: WRITE,
  summary: 'Make it so, in one transaction; secrets that were made are in the answer, this once',
  body: z.strictObject({
    ...options,
    plan_digest: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional()
      .describe('Refuse anything but the plan that was reviewed'),
  }),
  answer: z.strictObject({
    plan: planDocument,
    applied: z.strictObject({ create: count, change: count, delete: count, adopt: count }),
    secrets: z.array(z.strictObject({ client_id: z.string(), client_secret: z.string() })),
    ...revokedDocument.shape,
  }),
  outside: true,
  async run(context, { body, operator }) {
    requireWithinReach(operator, EVERYTHING_IN_FILES);
    const { configuration, prune, take_over: takeOver, plan_digest: planDigest } = body;
    const { plan, secrets, ...revoked } = await applyConfiguration(
      context,
      readConfiguration(configuration),
      {
        prune,
        takeOver,
        planDigest,
        read: readNothing,
        actor: operator.actor,
        review: async ({ changes }) => requireWithinReach(operator, await adminScopesIn(context, changes)),
      },
    );
    return {
      plan: planToJson(plan),
      applied: countsOf(plan),
      secrets: secrets.map(({ clientId, secret }) => ({ client_id: clientId, client_secret: secret })),
      ...revokedMembers(revoked),
    };
  },
});

export const listDriftOperation = operation({
  id: 'configuration.drift',
  command: 'drift',
  method: 'GET',
  path: '/configuration/drift',
  scope: READ,
  summary: 'What was changed past the files since they were applied',
  query: z.strictObject({ name: z.string().max(60).optional().describe('Of the file') }),
  answer: z.strictObject({ drift: z.array(driftDocument) }),
  async run(context, { query: { name } }) {
    const found = await findDrift(context, { source: name });
    return { drift: found.map(driftToJson) };
  },
});

export const configurationOperations: readonly Operation[] = [
  exportConfigurationOperation,
  planConfigurationOperation,
  applyConfigurationOperation,
  listDriftOperation,
];
