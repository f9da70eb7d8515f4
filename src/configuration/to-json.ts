import { z } from 'zod';

import type { Json } from './configuration.ts';
import type { Difference } from './difference.ts';
import type { Drift } from './drift.ts';
import type { Change, Plan } from './plan.ts';

/** Plans and drift as commands print them with `--json` and the admin API answers them. */

const difference = z.strictObject({
  member: z.string(),
  before: z.json().optional(),
  after: z.json().optional(),
  added: z.array(z.json()).optional(),
  removed: z.array(z.json()).optional(),
});

const kind = z.enum(['api', 'role', 'identity-provider', 'trusted-issuer', 'client']);

export const planDocument = z.strictObject({
  name: z.string().describe('Of the file'),
  digest: z.string().describe('Two plans with the same digest do the same'),
  file_digest: z.string(),
  changes: z.array(
    z.strictObject({
      action: z.enum(['create', 'change', 'delete', 'adopt']),
      kind,
      key: z.string(),
      differences: z.array(difference),
      notes: z.array(z.string()),
    }),
  ),
  missing: z.array(z.string()).describe('Why it cannot be applied as long as that is so'),
});

export function planToJson(plan: Plan): z.output<typeof planDocument> {
  return {
    name: plan.source,
    digest: plan.digest,
    file_digest: plan.fileDigest,
    changes: plan.changes.map(changeToJson),
    missing: [...plan.missing],
  };
}

function changeToJson({ action, kind, key, differences, notes }: Change) {
  return { action, kind, key, differences: differences.map(differenceToJson), notes: [...notes] };
}

export const driftDocument = z.strictObject({
  kind,
  key: z.string(),
  name: z.string().describe('Of the file that manages it'),
  state: z.enum(['changed', 'deleted']),
  differences: z.array(difference),
  applied_at: z.string(),
  applied_by: z.string(),
  latest: z
    .strictObject({ type: z.string(), actor: z.string(), at: z.string() })
    .nullable()
    .describe('Who changed it last since then'),
});

export function driftToJson(drift: Drift): z.output<typeof driftDocument> {
  const { latest } = drift;
  return {
    kind: drift.kind,
    key: drift.key,
    name: drift.source,
    state: drift.state,
    differences: drift.differences.map(differenceToJson),
    applied_at: drift.appliedAt.toISOString(),
    applied_by: drift.appliedBy,
    latest: latest ? { type: latest.type, actor: latest.actor, at: latest.at.toISOString() } : null,
  };
}

function differenceToJson(found: Difference): z.output<typeof difference> {
  if ('added' in found) {
    return { member: found.member, added: found.added.map(mutable), removed: found.removed.map(mutable) };
  }
  return { member: found.member, before: mutable(found.before), after: mutable(found.after) };
}

/** zod's JSON is not readonly. */
function mutable(value: Json | undefined): z.output<ReturnType<typeof z.json>> | undefined;
function mutable(value: Json): z.output<ReturnType<typeof z.json>>;
function mutable(value: unknown): unknown {
  return value;
}
