import { markRevoked, type StatusBits } from './status-bits.ts';

/** Events that arrive while one list is fetched. More than this is cheaper to fetch again. */
const PENDING_MAX = 100_000;

/**
 * One list on its way. It may have been written before an event that arrives meanwhile, so events are kept until it is here; what the
 * list already has is known by its position.
 */
export interface ListFlight {
  readonly epoch: number;
  /** Where the stream stood when the fetch began: the events up to here are not kept, so the list must have them. */
  readonly floor: number | undefined;
  revoked(id: number, indexes: readonly number[]): void;
  /** The list changed too much to say how. */
  changed(id: number): void;
  /** Applies what was kept. False when the list has to be fetched again. */
  land(list: StatusBits, position: number | undefined): boolean;
}

export function beginFlight(epoch: number, floor: number | undefined): ListFlight {
  const pending: { id: number; indexes: readonly number[] }[] = [];
  let kept = 0;
  let changedAt = -1;
  return {
    epoch,
    floor,
    revoked(id, indexes) {
      kept += indexes.length;
      if (kept > PENDING_MAX) changedAt = id;
      else pending.push({ id, indexes });
    },
    changed(id) {
      changedAt = id;
    },
    land(list, position = -1) {
      if (changedAt > position) return false;
      for (const { id, indexes } of pending) {
        if (id > position) for (const idx of indexes) markRevoked(list, idx);
      }
      return true;
    },
  };
}
