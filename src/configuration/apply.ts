import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import { nested } from '../db/nested.ts';
import { AppError } from '../errors.ts';
import { disableApi } from '../revocation/disable-api.ts';
import { disableClient } from '../revocation/disable-client.ts';
import { disableProvider } from '../revocation/disable-provider.ts';
import { enforceRoles } from '../revocation/enforce-roles.ts';
import { revoking } from '../revocation/revoke.ts';
import { findProvider } from '../upstream/store.ts';
import { KINDS, nameOf, type ConfigurationContext, type Kind } from './configuration.ts';
import { isSame } from './difference.ts';
import { connectClient, makeClient, type MadeSecret } from './make-client.ts';
import { connectProvider, makeOwnKeys, makeProvider, releaseDomains, type OwnKeys } from './make-provider.ts';
import { apiIdOf, DELETIONS, makeApi, makeIssuer, makeRole, type Making } from './make-things.ts';
import {
  computePlan,
  saidOf,
  type Action,
  type Plan,
  type PlanOptions,
  type Step,
  type WorkingPlan,
} from './plan.ts';
import { resolveReferences, type ReadReference, type References } from './resolve-references.ts';
import type { Configuration } from './read-configuration.ts';
import { readSnapshot } from './snapshot.ts';
import { readState } from './state.ts';
import { byName, deleteManaged, lockConfiguration, saveManaged } from './store.ts';

export interface ApplyOptions extends PlanOptions {
  readonly actor: Actor;
  /** Of the plan that somebody has looked at; anything else is refused. */
  readonly planDigest?: string | undefined;
  readonly read: ReadReference;
  /** Refuses, by throwing, what is about to be done. */
  readonly review?: ((plan: Plan) => Promise<void>) | undefined;
}

export interface Applied {
  readonly plan: Plan;
  /** Secrets that were made, of clients that brought none. */
  readonly secrets: readonly MadeSecret[];
  /** Tokens that ended. */
  readonly tokens: number;
  /** By then every verifier refuses those. */
  readonly knownBy: Date;
}

/** What a file would change. Changes nothing, and waits for nobody. */
export async function planConfiguration(
  ctx: ConfigurationContext,
  configuration: Configuration,
  { read, ...options }: PlanOptions & { readonly read: ReadReference },
): Promise<WorkingPlan> {
  return planWith(ctx, await resolveReferences(configuration, read), options);
}

/**
 * Makes it so: in one transaction, by the verbs of the rooms, or not at all. Doing it again does nothing. Throws
 * {@link ConfigurationRefused}, `plan_changed` (409), `secret_missing` (400) and what the verbs throw, with the thing's name.
 */
export async function applyConfiguration(
  ctx: ConfigurationContext,
  configuration: Configuration,
  { actor, planDigest, read, review, ...options }: ApplyOptions,
): Promise<Applied> {
  const references = await resolveReferences(configuration, read);
  const foreseen = await planWith(ctx, references, options);
  const keys = await makeOwnKeys(ctx, foreseen.changes);
  return revoking(ctx, async (tx) => {
    await lockConfiguration(tx);
    const state = await readState(tx);
    const plan = computePlan(ctx, references.configuration, {
      state,
      resolved: references.resolved,
      options,
    });
    if (planDigest !== undefined && planDigest !== plan.digest) throw planChanged(plan);
    await review?.(plan);
    if (plan.missing.length > 0)
      throw new AppError('secret_missing', plan.missing.join('\n'), { status: 400 });
    const making: Making = { ...ctx, db: nested(ctx.db, tx), tx, actor };
    const made = await makeAll(making, plan, keys);
    const recorded = await recordManaged(making, plan, byName(state.managed));
    if (plan.changes.length > 0 || recorded) {
      await record(tx, {
        occurredAt: ctx.clock.now(),
        type: 'configuration.applied',
        actor,
        detail: { source: plan.source, file: plan.fileDigest, plan: plan.digest, ...countsOf(plan) },
      });
    }
    const knownBy = new Date(ctx.clock.now().getTime() + (ctx.config.statusLists.ttlSeconds + 1) * 1000);
    return { plan, ...made, knownBy };
  });
}

async function planWith(
  ctx: ConfigurationContext,
  { configuration, resolved }: References,
  options: PlanOptions,
): Promise<WorkingPlan> {
  return computePlan(ctx, configuration, { state: await readSnapshot(ctx.db), resolved, options });
}

/** How many things are created, changed, deleted and adopted. */
export function countsOf({ changes }: Plan): Readonly<Record<Action, number>> {
  const counts: Record<Action, number> = { create: 0, change: 0, delete: 0, adopt: 0 };
  for (const { action } of changes) counts[action] += 1;
  return counts;
}

/** First what others wait for, last what ends tokens: issuance waits from the first of those until the transaction ends. */
async function makeAll(
  ctx: Making,
  { changes }: WorkingPlan,
  keys: OwnKeys,
): Promise<Pick<Applied, 'secrets' | 'tokens'>> {
  let tokens = 0;
  const end = async (work: Promise<{ readonly tokens: number }>) => {
    tokens += (await work).tokens;
  };
  const remove = async (kind: Kind) => {
    for (const step of changes.filter((each) => each.kind === kind && each.action === 'delete')) {
      await naming(step, () => end(DELETIONS[kind](ctx, step.stored?.id ?? '', ctx.actor)));
    }
  };
  // Another provider may be given the domains of one that goes.
  await remove('trusted-issuer');
  await remove('identity-provider');
  await releaseDomains(ctx, changes);
  const secrets: MadeSecret[] = [];
  for (const step of inOrder(changes)) {
    const secret = await naming(step, () => make(ctx, step, keys));
    if (secret) secrets.push(secret);
  }
  for (const step of changes) {
    const { wanted } = step;
    if (wanted?.kind === 'identity-provider') {
      await naming(step, () => connectProvider(ctx, step, wanted.document));
    }
    if (wanted?.kind === 'client') await naming(step, () => connectClient(ctx, step, wanted.document));
  }
  for (const kind of ['client', 'role', 'api'] as const) await remove(kind);
  for (const step of changes) await naming(step, () => end(settle(ctx, step)));
  return { secrets, tokens };
}

function inOrder(changes: readonly Step[]): Step[] {
  const made = changes.filter(({ action }) => action === 'create' || action === 'change');
  return made.toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
}

async function make(ctx: Making, step: Step, keys: OwnKeys): Promise<MadeSecret | undefined> {
  const { wanted, stored } = step;
  switch (wanted?.kind) {
    case 'api':
      await makeApi(ctx, { wanted: wanted.document, stored });
      return undefined;
    case 'role':
      await makeRole(ctx, { wanted: wanted.document, stored });
      return undefined;
    case 'identity-provider':
      await makeProvider(ctx, { step, wanted: wanted.document, keys });
      return undefined;
    case 'trusted-issuer':
      await makeIssuer(ctx, { wanted: wanted.document, stored });
      return undefined;
    case 'client':
      return makeClient(ctx, step, wanted.document);
    case undefined:
      return undefined;
  }
}

const DISABLING = {
  api: async (ctx: Making, audience: string) => disableApi(ctx, await apiIdOf(ctx, audience), ctx.actor),
  'identity-provider': async (ctx: Making, slug: string) =>
    disableProvider(ctx, (await findProvider(ctx.tx, slug))?.id ?? '', ctx.actor),
  client: async (ctx: Making, id: string) => disableClient(ctx, id, ctx.actor),
} as const;

/** What is to be disabled, and whose tokens are to carry only what roles carry, which by now somebody has. */
async function settle(ctx: Making, { wanted, stored }: Step): Promise<{ readonly tokens: number }> {
  let tokens = 0;
  if (wanted?.kind === 'api') {
    const id = await apiIdOf(ctx, wanted.key);
    tokens += (await enforceRoles(ctx, id, wanted.document.enforces_roles, ctx.actor)).revoked.tokens;
  }
  const was = stored !== undefined && 'disabled' in stored.document && stored.document.disabled;
  if (
    wanted &&
    'disabled' in wanted.document &&
    wanted.document.disabled &&
    !was &&
    wanted.kind in DISABLING
  ) {
    const disable = DISABLING[wanted.kind as keyof typeof DISABLING];
    tokens += (await disable(ctx, wanted.key)).tokens;
  }
  return { tokens };
}

/** Whether anything was written. */
async function recordManaged(
  { tx, clock, actor }: Making,
  plan: WorkingPlan,
  before: ReturnType<typeof byName<Parameters<typeof saveManaged>[1]>>,
): Promise<boolean> {
  const changed = new Set(plan.changes.map(nameOf));
  let written = false;
  for (const wanted of plan.wanted) {
    const { kind, key, secrets } = wanted;
    const known = before.get(nameOf(wanted));
    const document = saidOf(wanted);
    const isCurrent =
      known?.source === plan.source &&
      isSame(known.document, document) &&
      isSame({ ...known.secrets }, { ...secrets });
    if (isCurrent && !changed.has(nameOf(wanted))) continue;
    await saveManaged(tx, {
      kind,
      key,
      source: plan.source,
      document,
      secrets,
      appliedAt: clock.now(),
      appliedBy: actor,
    });
    written = true;
  }
  const gone = [...plan.forgotten, ...plan.changes.filter(({ action }) => action === 'delete')];
  for (const thing of gone) await deleteManaged(tx, thing);
  return written || gone.length > 0;
}

/** A room says what it refuses, not of what: it is asked about one thing at a time. */
async function naming<T>(step: Step, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, status, detail, message } = error;
    throw new AppError(code, `${nameOf(step)}: ${message}`, { status, detail, cause: error });
  }
}

function planChanged({ digest }: Plan): AppError {
  return new AppError(
    'plan_changed',
    `This is another plan than the one that was looked at: its digest is ${digest}.`,
    {
      status: 409,
    },
  );
}
