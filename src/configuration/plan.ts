import { sha256 } from '../crypto/digest.ts';
import {
  compareText,
  KINDS,
  nameOf,
  SECTIONS,
  type ConfigurationContext,
  type Json,
  type Kind,
  type Settings,
  type Thing,
} from './configuration.ts';
import { canonical, differences, type Difference } from './difference.ts';
import { planSecrets, type Resolved, type SecretsPlan } from './plan-secrets.ts';
import { ConfigurationRefused, type Problem } from './problem.ts';
import type { Configuration } from './read-configuration.ts';
import { findDangling } from './references.ts';
import type { State, Stored } from './state.ts';
import { thingToFile } from './thing-to-file.ts';
import { byName, type Managed } from './store.ts';
import { normalForm, readWanted, type Wanted } from './wanted.ts';

export interface PlanOptions {
  /** Deletes also what no file manages. */
  readonly prune?: boolean | undefined;
  /** Takes over what another file manages. */
  readonly takeOver?: boolean | undefined;
}

/** `adopt`: it is as the file says, and is the file's from now on. */
export type Action = 'create' | 'change' | 'delete' | 'adopt';

export interface Change {
  readonly action: Action;
  readonly kind: Kind;
  readonly key: string;
  /** As in a file, with every default; null: it is not there. */
  readonly before: Thing['document'] | null;
  readonly after: Thing['document'] | null;
  /** What a file has to say of it, without defaults; null: it goes. */
  readonly said: Readonly<Record<string, Json>> | null;
  readonly differences: readonly Difference[];
  readonly notes: readonly string[];
}

/** A change with all that is needed to make it. Holds secrets. */
export type Step = Change & {
  readonly stored: Stored | undefined;
  /** null: it goes. */
  readonly wanted: Wanted | null;
  readonly secrets: SecretsPlan | null;
};

export interface Plan {
  /** `name` of the file. */
  readonly source: string;
  /** SHA-256 of what is to change, in hex: two plans with the same digest do the same. */
  readonly digest: string;
  /** SHA-256 of what the file says, however it is written. */
  readonly fileDigest: string;
  readonly changes: readonly Change[];
  /** Why it cannot be applied as long as that is so. */
  readonly missing: readonly string[];
}

/** What stays within this room. */
export interface WorkingPlan extends Plan {
  readonly changes: readonly Step[];
  readonly wanted: readonly Wanted[];
  /** What the file managed and is gone already. */
  readonly forgotten: readonly Managed[];
}

/** Compares a file with what there is. Throws {@link ConfigurationRefused}. */
export function computePlan(
  ctx: Pick<ConfigurationContext, 'config' | 'secrets' | 'seal' | 'clock'>,
  { document, place }: Configuration,
  { state, resolved, options }: { state: State; resolved: Resolved; options: PlanOptions },
): WorkingPlan {
  const problems: Problem[] = [];
  const source = document.name;
  const managed = byName(state.managed);
  const said = readWanted(document, ctx.config, problems);
  const wanted = said.map((thing) => withStanding(thing, state, managed));
  const names = byName(wanted);
  problems.push(...wanted.flatMap((thing) => refusals(thing, { state, managed, source, options })));
  const gone = [...state.things.values()].filter((thing) => {
    const owner = managed.get(nameOf(thing))?.source;
    return !names.has(nameOf(thing)) && (owner === source || (options.prune === true && owner === undefined));
  });
  const kept = new Map(
    [...state.things].filter(([name]) => !names.has(name) && !gone.some((thing) => nameOf(thing) === name)),
  );
  problems.push(...findDangling(wanted, { wanted: names, kept, others: state.others }));
  const secretsContext = { ...ctx, now: ctx.clock.now(), resolved };
  const steps = wanted.map((thing): Step | undefined => {
    const stored = state.things.get(nameOf(thing));
    const secrets = planSecrets(secretsContext, thing, stored, problems);
    return stepOf(thing, { ...ctx, stored, secrets, isOurs: managed.get(nameOf(thing))?.source === source });
  });
  if (problems.length > 0) throw new ConfigurationRefused(problems.map(place));
  const changes = [
    ...steps.filter((step) => step !== undefined),
    ...gone.map((thing) => deletionOf(thing, kept)),
  ].toSorted(inOrder);
  return {
    source,
    digest: digestOf({ source, changes: changes.map(weightOf) }),
    fileDigest: digestOf(normalForm(document, said)),
    changes,
    missing: changes.flatMap(({ secrets }) => secrets?.missing ?? []),
    wanted,
    forgotten: state.managed.filter(
      (each) => each.source === source && !names.has(nameOf(each)) && !state.things.has(nameOf(each)),
    ),
  };
}

/** Whatever the order in the file. */
function inOrder(a: Change, b: Change): number {
  return KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || compareText(a.key, b.key);
}

/**
 * What an operator disabled by hand stays disabled until a file or somebody says otherwise, so that the next deployment does not undo
 * what was done in an emergency. What a file had disabled is enabled when the file says so no longer.
 */
function withStanding(thing: Wanted, state: State, managed: ReadonlyMap<string, Managed>): Wanted {
  const stored = state.things.get(nameOf(thing));
  if (thing.saysDisabled || !stored || !isDisabled(stored.document)) return thing;
  if (isDisabled(managed.get(nameOf(thing))?.document)) return thing;
  return { ...thing, document: { ...thing.document, disabled: true } } as Wanted;
}

function isDisabled(document: Json | undefined): boolean {
  return (
    typeof document === 'object' &&
    document !== null &&
    'disabled' in document &&
    document['disabled'] === true
  );
}

function refusals(
  thing: Wanted,
  known: { state: State; managed: ReadonlyMap<string, Managed>; source: string; options: PlanOptions },
): Problem[] {
  const name = nameOf(thing);
  const other = known.state.others.get(name);
  if (other) return [{ path: thing.path, message: `is not for files to say: the ${name} ${other.why}` }];
  const owner = known.managed.get(name)?.source;
  if (owner !== undefined && owner !== known.source && known.options.takeOver !== true) {
    const message = `is managed by the file named ${owner}: take it out of one of them, or take it over`;
    return [{ path: thing.path, message }];
  }
  const stored = known.state.things.get(name);
  if (
    thing.kind === 'identity-provider' &&
    stored?.kind === thing.kind &&
    stored.document.kind !== thing.document.kind
  ) {
    const message = `cannot change from ${stored.document.kind}: its people would be others. Take ${SECTIONS[thing.kind]} ${thing.key} out first`;
    return [{ path: [...thing.path, 'kind'], message }];
  }
  return [];
}

function stepOf(
  wanted: Wanted,
  {
    config,
    stored,
    secrets,
    isOurs,
  }: { config: Settings; stored: Stored | undefined; secrets: SecretsPlan; isOurs: boolean },
): Step | undefined {
  const { kind, key, document: after } = wanted;
  const before = stored?.document ?? null;
  const found = [...differences(before ?? {}, after), ...secretDifferences(secrets)];
  const said = thingToFile(wanted, config);
  const common = { kind, key, before, after, said, stored, wanted, secrets, notes: secrets.notes };
  if (!stored) return { ...common, action: 'create', differences: found };
  if (found.length > 0) return { ...common, action: 'change', differences: found };
  if (!isOurs) return { ...common, action: 'adopt', differences: [] };
  return undefined;
}

function secretDifferences({ added, removed }: SecretsPlan): Difference[] {
  return added.length + removed.length === 0 ? [] : [{ member: 'secrets', added, removed }];
}

function deletionOf(stored: Stored, kept: ReadonlyMap<string, Stored>): Step {
  const { kind, key, document: before } = stored;
  const own = [...kept.values()].filter(
    (thing) => kind === 'api' && thing.kind === 'client' && thing.document.acts_for === key,
  );
  const notes = own.map((client) => `The client ${client.key}, which is its own, goes with it.`);
  return {
    action: 'delete',
    kind,
    key,
    before,
    after: null,
    said: null,
    differences: [],
    notes,
    stored,
    wanted: null,
    secrets: null,
  };
}

/** What of a change makes it the same as another. */
function weightOf({ action, kind, key, before, after, differences: found }: Change): Json {
  return {
    action,
    kind,
    key,
    before,
    after,
    secrets: found.flatMap((each) =>
      'added' in each && each.member === 'secrets' ? [[...each.added], [...each.removed]] : [],
    ),
  };
}

function digestOf(value: Json): string {
  return sha256(canonical(value)).toString('hex');
}

/** What the file itself said, without what an operator had disabled. */
export function saidOf({ document, saysDisabled }: Wanted): Json {
  return 'disabled' in document && !saysDisabled ? { ...document, disabled: false } : document;
}
