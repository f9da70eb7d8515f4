/** More than a third of a name changed is another name, not a slip. */
const SLIP_SHARE = 1 / 3;

/** Nobody means a name of ours by a text that is longer. */
const NAME_LENGTH_MAX = 100;

/** What somebody meant who typed a name that there is not; `prefix` is what all of them begin with. */
export function nearest(
  name: string,
  known: readonly string[],
  { prefix = '' }: { prefix?: string } = {},
): string | undefined {
  if (name.length > NAME_LENGTH_MAX) return undefined;
  const [best] = known
    .map((candidate) => ({ candidate, edits: editDistance(name, candidate) }))
    .sort((a, b) => a.edits - b.edits);
  const allowed = Math.max(2, (name.length - prefix.length) * SLIP_SHARE);
  if (best !== undefined && best.edits <= allowed) return best.candidate;
  // A unit left out, or `_FILE` put where there is no such form.
  return known.find((candidate) => candidate.startsWith(name) || name.startsWith(candidate));
}

/** Levenshtein's: insertions, deletions and replacements that turn one text into the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let line = 1; line <= a.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (a[line - 1] === b[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
