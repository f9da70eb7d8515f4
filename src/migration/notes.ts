/** What is not taken over, and what to do about it. */
export interface Skipped {
  readonly what: string;
  readonly why: string;
  readonly todo: string;
  /** Of how many things this is said. */
  readonly count: number;
  /** The first of them: ids, never values. */
  readonly examples: readonly string[];
}

export interface Notes {
  /** Said of each thing; things of which the same is said are one line of the report. */
  add(note: Pick<Skipped, 'what' | 'why' | 'todo'>, example?: string): void;
  list(): Skipped[];
}

const EXAMPLES_MAX = 10;
const EXAMPLE_LENGTH_MAX = 200;

/** In the order in which things were first found. */
export function createNotes(): Notes {
  const notes = new Map<
    string,
    { what: string; why: string; todo: string; count: number; examples: string[] }
  >();
  return {
    add({ what, why, todo }, example) {
      const key = JSON.stringify([what, why]);
      const note = notes.get(key) ?? { what, why, todo, count: 0, examples: [] };
      notes.set(key, note);
      note.count += 1;
      const shown = example?.slice(0, EXAMPLE_LENGTH_MAX).toWellFormed();
      if (shown !== undefined && note.examples.length < EXAMPLES_MAX && !note.examples.includes(shown))
        note.examples.push(shown);
    },
    list: () => [...notes.values()],
  };
}
