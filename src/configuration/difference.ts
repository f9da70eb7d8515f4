import { compareText, type Json } from './configuration.ts';

/** One member that is not the same on both sides, `apis.https://api.example.com` say. */
export type Difference =
  | { readonly member: string; readonly before: Json | undefined; readonly after: Json | undefined }
  | { readonly member: string; readonly added: readonly Json[]; readonly removed: readonly Json[] };

/** Members in their order; what is the same is left out. undefined: there is none. */
export function differences(before: Json | undefined, after: Json | undefined, member = ''): Difference[] {
  if (isSame(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) => differences(own(before, name), own(after, name), join(member, name)));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const added = after.filter((item) => !before.some((other) => isSame(item, other)));
    const removed = before.filter((item) => !after.some((other) => isSame(item, other)));
    if (added.length + removed.length > 0) return [{ member, added, removed }];
  }
  return [{ member, before, after }];
}

/** Deep, whatever the order of members. */
export function isSame(a: Json | undefined, b: Json | undefined): boolean {
  return canonical(a) === canonical(b);
}

/** One text for one value: RFC 8785 for what this room has, which is texts, booleans and whole numbers. */
export function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonical(item)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? '';
  const members = Object.entries(value).toSorted(([a], [b]) => compareText(a, b));
  return `{${members.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`).join(',')}}`;
}

/** What is one object inside is one level to a reader of a file. */
const INVISIBLE = 'metadata';

function join(member: string, name: string): string {
  if (name === INVISIBLE && member === '') return '';
  return member === '' ? name : `${member}.${name}`;
}

function own(object: Readonly<Record<string, Json>>, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
