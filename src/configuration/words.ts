import type { Json } from './configuration.ts';
import { countsOf } from './apply.ts';
import type { Difference } from './difference.ts';
import type { Drift } from './drift.ts';
import type { Action, Change, Plan } from './plan.ts';

/** Plans and drift for people. */

const MARKS: Readonly<Record<Action, string>> = { create: '+', change: '~', delete: '-', adopt: '>' };

/** A line begins with its mark, which is what it is coloured by. */
export function planInWords(plan: Plan): string {
  const parts = plan.changes.map(changeInWords);
  return [...parts, ...plan.missing.map((sentence) => `! ${sentence}`)].join('\n');
}

export function summaryOf(plan: Plan): string {
  const counts = countsOf(plan);
  const said = ACTIONS.filter(([action]) => counts[action] > 0).map(
    ([action, verb]) => `${counts[action]} to ${verb}`,
  );
  return said.length === 0 ? 'Nothing to do: the server is as the file says.' : `${said.join(', ')}.`;
}

const ACTIONS: readonly (readonly [Action, string])[] = [
  ['create', 'create'],
  ['change', 'change'],
  ['delete', 'delete'],
  ['adopt', 'take over as they are'],
];

function changeInWords(change: Change): string {
  const { action, kind, key } = change;
  const lines = action === 'create' ? membersInWords(change) : change.differences.flatMap(differenceInWords);
  return [
    `${MARKS[action]} ${kind} ${key}${action === 'delete' ? ', and its tokens end' : ''}`,
    ...lines,
    ...change.notes.map((note) => `    ${note}`),
  ].join('\n');
}

/** `now` is what stands in the database, so it is read the other way round. */
export function driftInWords({ kind, key, source, state, differences, latest, appliedAt }: Drift): string {
  const who = latest
    ? `${latest.type} by ${latest.actor} at ${latest.at.toISOString()}`
    : 'the audit log does not say who';
  const head = `${state === 'deleted' ? '-' : '~'} ${kind} ${key} (${source}, applied ${appliedAt.toISOString()})`;
  return [head, ...differences.flatMap(differenceInWords), `    ${who}`].join('\n');
}

function differenceInWords(difference: Difference): string[] {
  const { member } = difference;
  if ('added' in difference) {
    return [
      `    ${member}`,
      ...difference.added.map((item) => `      + ${short(item)}`),
      ...difference.removed.map((item) => `      - ${short(item)}`),
    ];
  }
  const { before, after } = difference;
  return [`    ${member}: ${short(before)} → ${short(after)}`];
}

/** What a new thing is, without what its key says. */
function membersInWords({ key, said, differences }: Change): string[] {
  const names = new Set(key.split(' '));
  const members = Object.entries(said ?? {}).filter(
    ([, value]) => typeof value !== 'string' || !names.has(value),
  );
  const secrets = differences.flatMap((each) =>
    'added' in each && each.member === 'secrets' ? [`    secrets: ${short(each.added)}`] : [],
  );
  return [...members.flatMap(([member, value]) => valueInWords(member, value)), ...secrets];
}

/** One line for one value, and for each member of an object. */
function valueInWords(member: string, value: Json): string[] {
  if (Array.isArray(value)) {
    const items: readonly Json[] = value;
    const isPlain = items.every((item) => typeof item !== 'object');
    return isPlain
      ? [`    ${member}: ${short(items)}`]
      : [`    ${member}`, ...items.map((item) => `      + ${inline(item)}`)];
  }
  if (typeof value !== 'object' || value === null) return [`    ${member}: ${short(value)}`];
  return Object.entries(value).flatMap(([name, inner]) => valueInWords(`${member}.${name}`, inner));
}

/** `{ audience: …, scopes: read, write }` as people would say it. */
function inline(item: Json): string {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return short(item);
  return Object.values(item).map(short).join(': ');
}

const LENGTH_MAX = 160;

function short(value: Json | undefined): string {
  if (value === undefined) return '(none)';
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return short(value.join(', '));
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}… (${text.length} characters)` : text;
}
