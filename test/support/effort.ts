/**
 * How often the heaviest tests do what they do: races, crashes, revocations. `EFFORT=4 npm test` has a thousand contested codes,
 * sixteen crashes of each kind and two hundred revocations.
 */
export const EFFORT = Number(process.env['EFFORT'] ?? 1);
