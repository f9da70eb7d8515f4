import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { mintSetupLink } from '../../src/console/setup-link.ts';
import { hasOwner } from '../../src/admin/owner-store.ts';
import { BEHIND_PROXY, walkerFor } from '../interactions/visit.ts';
import { createTestClock } from '../support/clock.ts';
import { PASSWORD } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const clock = createTestClock();
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ env: BEHIND_PROXY, clock });
});

afterAll(() => server.stop());

async function mint(onlyFirst = false): Promise<string> {
  const link = await mintSetupLink(server.services, { onlyFirst });
  return link?.url ?? '';
}

const person = { name: 'Ada', email: 'ada@example.org', password: PASSWORD, repeat: PASSWORD };

describe('a setup link', () => {
  test('makes the first owner, once, who then signs in and sets up a second factor', async () => {
    const url = await mint(true);
    const walker = walkerFor(server);
    const form = await walker.visit(url);
    expect(form.heading).toBe('Make the first administrator');
    const weak = await walker.submit(form, { ...person, password: 'short', repeat: 'short' });
    expect([weak.status, weak.forms.length]).toEqual([422, 1]);
    const different = await walker.submit(weak, { ...person, repeat: `${PASSWORD}x` });
    expect(different.status).toBe(422);

    const signIn = await walker.submit(different, person);
    expect(signIn.url.pathname).toMatch(/^\/interaction\//);
    const enrol = await walker.submit(
      signIn,
      { identifier: person.email, password: PASSWORD },
      { form: '/sign-in' },
    );
    expect(enrol.url.pathname).toMatch(/\/enrol/);
    expect(await hasOwner(server.services.db.knex)).toBe(true);

    expect((await walker.visit(url)).status).toBe(410);
    expect(await mintSetupLink(server.services, { onlyFirst: true })).toBeUndefined();
  });

  test('is followed by many at once and makes one account', async () => {
    const url = await mint();
    const walkers = Array.from({ length: 8 }, () => walkerFor(server));
    const pages = await Promise.all(
      walkers.map(async (walker, index) => {
        const form = await walker.visit(url);
        return walker.submit(form, { ...person, email: `racer${index}@example.org` });
      }),
    );
    expect(pages.filter(({ url: at }) => at.pathname.startsWith('/interaction/'))).toHaveLength(1);
    const { rows } = await server.services.db.pool.query(`select from accounts where email like 'racer%'`);
    expect(rows).toHaveLength(1);
  });

  test('keeps its use when the address is taken', async () => {
    const url = await mint();
    const walker = walkerFor(server);
    const taken = await walker.submit(await walker.visit(url), person);
    expect([taken.status, taken.text.includes('Somebody has this address')]).toEqual([422, true]);
    const made = await walker.submit(taken, { ...person, email: 'grace@example.org' });
    expect(made.url.pathname).toMatch(/^\/interaction\//);
  });

  test('dies by a newer one, after a day, and where there is an owner by now', async () => {
    const walker = walkerFor(server);
    const older = await mint();
    const newer = await mint();
    expect([(await walker.visit(older)).status, (await walker.visit(newer)).status]).toEqual([410, 200]);
    clock.advance(86_400);
    expect((await walker.visit(newer)).status).toBe(410);
    await server.services.db.knex('setup_links').update({ only_first: true, expires_at: '2040-01-01' });
    expect((await walker.visit(newer)).status).toBe(410);
  });

  test.each(['', '?token=x', `?token=${'A'.repeat(43)}`, '?token=%00', '?token=a&token=b'])(
    'that was never made is a dead one: /setup%s',
    async (query) => {
      expect((await walkerFor(server).visit(`/setup${query}`)).status).toBeLessThan(500);
      const post = await fetch(`${server.issuer}/setup`, {
        method: 'POST',
        body: new URLSearchParams({ ...person, token: query }),
      });
      expect([403, 410]).toContain(post.status);
    },
  );

  test('is not stored readable', async () => {
    const token = new URL(await mint()).searchParams.get('token') ?? '';
    const { rows } = await server.services.db.pool.query<{ row: string }>(
      'select setup_links::text as row from setup_links',
    );
    expect(JSON.stringify(rows)).not.toContain(token);
  });
});
