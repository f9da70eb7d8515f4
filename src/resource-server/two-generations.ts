export interface BoundedCache<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  clear(): void;
}

/**
 * A cache that forgets what was not used lately, in constant time: what was used moves to the young generation; when that is full
 * it becomes the old one and the former old one is dropped. It never holds more than the two bounds.
 */
export function createTwoGenerations<V>(bounds: { entriesMax: number; charsMax: number }): BoundedCache<V> {
  const entriesMax = Math.ceil(bounds.entriesMax / 2);
  const charsMax = bounds.charsMax / 2;
  let young = new Map<string, V>();
  let old = new Map<string, V>();
  let chars = 0;

  function add(key: string, value: V): void {
    if (key.length > charsMax) return;
    if (young.size >= entriesMax || chars + key.length > charsMax) {
      old = young;
      young = new Map();
      chars = 0;
    }
    if (!young.has(key)) chars += key.length;
    young.set(key, value);
  }

  return {
    get(key) {
      const value = young.get(key);
      if (value !== undefined) return value;
      const aged = old.get(key);
      if (aged !== undefined) add(key, aged);
      return aged;
    },
    set: add,
    clear() {
      young = new Map();
      old = new Map();
      chars = 0;
    },
  };
}
