import { newId } from '../../src/crypto/ids.ts';
import { insertStatusList } from '../../src/revocation/status-store.ts';
import { LIST_SIZE } from '../../src/revocation/status-list.ts';
import type { Ground } from './main.ts';

const ROUNDS = 20;

/** One list of a million, with more and more of it revoked: its size on the wire, and the time of a fetch after a change. */
export async function measureListCost({ target, db }: Ground): Promise<string> {
  const id = newId('stl');
  const soon = new Date(Date.now() + 3_600_000);
  await insertStatusList(db.pool, { id, leasedUntil: soon, expiresAt: soon });
  const lines = ['a list of a million:'];
  for (const share of [0, 0.01, 0.1]) {
    await setRevoked(db, id, Math.round(LIST_SIZE * share));
    const built: number[] = [];
    const cached: number[] = [];
    let bytes = { plain: 0, gzip: 0 };
    for (let round = 0; round < ROUNDS; round += 1) {
      await touch(db, id, round);
      built.push(await fetchMs(target, id));
      cached.push(await fetchMs(target, id));
      bytes = await sizes(target, id);
    }
    lines.push(
      `  ${share * 100} % revoked: ${kilobytes(bytes.plain)} (gzip ${kilobytes(bytes.gzip)}), ` +
        `${middle(built).toFixed(1)} ms after a change, ${middle(cached).toFixed(1)} ms unchanged`,
    );
  }
  return lines.join('\n');
}

async function setRevoked({ pool }: Ground['db'], id: string, count: number): Promise<void> {
  if (count === 0) return;
  await pool.query(
    `INSERT INTO status_changes (list_no, indexes, changed_at)
     SELECT l.no, string_agg(int4send((random() * (l.size - 1))::int), ''::bytea), now()
     FROM status_lists l, generate_series(1, $2) WHERE l.id = $1 GROUP BY l.no`,
    [id, count],
  );
}

/** One more bit, as another process would set it: this one hears of it when it is asked. */
async function touch({ pool }: Ground['db'], id: string, round: number): Promise<void> {
  await pool.query(
    `INSERT INTO status_changes (list_no, indexes, changed_at)
     SELECT no, int4send($2::int), now() FROM status_lists WHERE id = $1`,
    [id, round * 7919],
  );
}

async function fetchMs({ issuer }: Ground['target'], id: string): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${issuer}/status-lists/${id}`, {
    headers: { 'accept-encoding': 'identity' },
  });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`no list: ${response.status}`);
  return performance.now() - startedAt;
}

async function sizes({ issuer }: Ground['target'], id: string): Promise<{ plain: number; gzip: number }> {
  const lengthOf = async (encoding: string) => {
    const response = await fetch(`${issuer}/status-lists/${id}`, {
      headers: { 'accept-encoding': encoding },
    });
    await response.arrayBuffer();
    return Number(response.headers.get('content-length'));
  };
  return { plain: await lengthOf('identity'), gzip: await lengthOf('gzip') };
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
