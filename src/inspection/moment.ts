/** RFC 3339 in UTC, to the second; empty: never. */
export function moment(date: Date | null): string {
  return date === null ? '' : date.toISOString().replace(/\.\d+Z$/, 'Z');
}
