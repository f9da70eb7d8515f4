/** Where a page of a list that is ordered by time ended: what it is ordered by, so that it holds when the row is gone meanwhile. */
export interface Place {
  readonly at: Date;
  readonly id: string;
}

/** Of a row in a list that is in the order of when they were made. */
export function placeOf({ createdAt, id }: { readonly createdAt: Date; readonly id: string }): Place {
  return { at: createdAt, id };
}
