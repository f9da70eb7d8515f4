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
  const found = change.differences.filter((each) => action !== 'create' || !isEmpty(each));
  const lines = found.flatMap((each) => differenceInWords(each, action === 'create'));
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
  return [head, ...differences.flatMap((each) => differenceInWords(each, false)), `    ${who}`].join('\n');
}

function differenceInWords(difference: Difference, isNew: boolean): string[] {
  const { member } = difference;
  if ('added' in difference) {
    return [
      `    ${member}`,
      ...difference.added.map((item) => `      + ${short(item)}`),
      ...difference.removed.map((item) => `      - ${short(item)}`),
    ];
  }
  const { before, after } = difference;
  if (isNew) return [`    ${member}: ${short(after)}`];
  return [`    ${member}: ${short(before)} → ${short(after)}`];
}

/** What nobody has to say of a thing that is new. */
function isEmpty(difference: Difference): boolean {
  if ('added' in difference) return difference.added.length === 0;
  const { after } = difference;
  return after === false || after === null || after === '' || (Array.isArray(after) && after.length === 0);
}

const LENGTH_MAX = 160;

function short(value: Json | undefined): string {
  if (value === undefined) return '(none)';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LENGTH_MAX ? `${text.slice(0, LENGTH_MAX)}… (${text.length} characters)` : text;
}
