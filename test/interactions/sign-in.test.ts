import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { disableAccount } from '../../src/revocation/disable-account.ts';
import type { Page } from '../support/browser-walker.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { makePerson, PASSWORD } from '../support/factories.ts';
import { findAll } from '../support/html.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { allow, authorization, BEHIND_PROXY, CALLBACK, makeNotes, signIn, walkerFor } from './visit.ts';

let server: TestServer;
let clock: TestClock;
let clientId: string;

beforeAll(async () => {
  clock = createTestClock(new Date());
  server = await startTestServer({ clock, env: BEHIND_PROXY });
  ({ id: clientId } = await makeNotes(server));
});

afterAll(() => server.stop());

/** The form as it looks to somebody who has never been here. */
async function freshForm(parameters: Record<string, string> = {}) {
  const walker = walkerFor(server);
  return { walker, page: await walker.visit(authorization(clientId, parameters)) };
}

/** What a page says once what differs by chance is taken away. */
function appearance({ status, html }: Page): { status: number; html: string } {
  return {
    status,
    html: html
      .replaceAll(/name="csrf"\s+value="[^"]+"/g, 'CSRF')
      .replaceAll(/\/interaction\/[\w-]+/g, '/interaction/UID')
      .replaceAll(/challenge&quot;:&quot;[\w-]+/g, 'CHALLENGE')
      .replaceAll(/name="identifier"\s+value="[^"]*"/g, 'IDENTIFIER'),
  };
}

describe('signing in', () => {
  test('leads back to the client with a code, its state and the issuer', async () => {
    const person = await makePerson(server.services);
    const { walker, page } = await freshForm();
    expect(page.heading).toBe('Sign in');
    expect(page.text).toContain('to continue to Atelier Notes');
    const consent = await signIn(walker, page, person.email ?? '');
    const { leavesTo } = await allow(walker, consent);
    expect(`${leavesTo?.origin}${leavesTo?.pathname}`).toBe(CALLBACK);
    expect(Object.fromEntries(leavesTo?.searchParams ?? [])).toEqual({
      code: expect.any(String),
      state: 'the-state',
      iss: server.issuer,
    });
  });

  test('takes the username or the e-mail address, however it is written', async () => {
    const person = await makePerson(server.services, { username: 'ines', email: 'ines@example.org' });
    for (const identifier of ['INES', ' ines@Example.org ']) {
      const { walker, page } = await freshForm();
      const consent = await signIn(walker, page, identifier);
      expect(consent.text).toContain(person.email);
    }
  });

  test('is kept for later only when the person asks for it', async () => {
    const person = await makePerson(server.services);
    const lifetimes = await Promise.all(
      [{}, { remember: 'yes' }].map(async (fields) => {
        const { page, walker } = await freshForm();
        const body = new URLSearchParams({
          csrf: page.forms[0]?.fields['csrf'] ?? '',
          identifier: person.email ?? '',
          password: PASSWORD,
          ...fields,
        });
        const headers = { Cookie: walker.cookies.headerFor(page.url) };
        const action = page.forms[0]?.action ?? '';
        const answer = await fetch(action, { method: 'POST', body, headers, redirect: 'manual' });
        expect(answer.status).toBe(303);
        const resume = new URL(answer.headers.get('Location') ?? '');
        const resumed = await fetch(resume, {
          headers: { Cookie: walker.cookies.headerFor(resume) },
          redirect: 'manual',
        });
        const session = resumed.headers
          .getSetCookie()
          .find((cookie) => cookie.startsWith('guichet-session='));
        return /expires=/i.test(session ?? '');
      }),
    );
    expect(lifetimes).toEqual([false, true]);
  });

  test('can be cancelled, and the client hears of it', async () => {
    const { walker, page } = await freshForm();
    const left = await walker.submit(page, {}, { form: '/deny' });
    expect(left.leavesTo?.searchParams.get('error')).toBe('access_denied');
    expect(left.leavesTo?.searchParams.get('state')).toBe('the-state');
  });

  test('leaves a trace in the audit log, whatever came of it, and never what was typed', async () => {
    const person = await makePerson(server.services);
    const { walker, page } = await freshForm();
    const again = await signIn(walker, page, person.email ?? '', 'not the password');
    await signIn(walker, again, person.email ?? '');
    const events = await server.database.db
      .knex('audit_events')
      .select('type', 'actor', 'client_id', 'address', 'detail')
      .where({ account_id: person.id })
      .whereLike('type', 'account.sign%')
      .orderBy('id');
    expect(events).toEqual([
      expect.objectContaining({ type: 'account.sign-in-failed', actor: 'anonymous', client_id: clientId }),
      expect.objectContaining({
        type: 'account.signed-in',
        actor: `account:${person.id}`,
        address: expect.stringMatching(/^2001:db8:/),
      }),
    ]);
    expect(JSON.stringify(events)).not.toContain('not the password');
  });
});

describe('somebody who may not sign in', () => {
  test('learns nothing of the reason from the page', async () => {
    const person = await makePerson(server.services);
    const disabled = await makePerson(server.services);
    await disableAccount(server.services, disabled.id, 'test');
    const pages = await Promise.all(
      [
        [person.email ?? '', 'not the password'],
        [disabled.email ?? '', PASSWORD],
        ['nobody@example.org', PASSWORD],
        ['\u{1f600}'.repeat(400), 'x'.repeat(2000)],
      ].map(async ([identifier = '', password = '']) => {
        const { walker, page } = await freshForm();
        return appearance(await signIn(walker, page, identifier, password));
      }),
    );
    expect(pages[0]?.status).toBe(422);
    expect(pages[0]?.html).toContain('do not match');
    for (const page of pages) expect(page).toEqual(pages[0]);
  });

  test('learns nothing of the reason from the time it takes', async () => {
    const person = await makePerson(server.services);
    const timeOf = async (identifier: string) => {
      const { walker, page } = await freshForm();
      const start = performance.now();
      await signIn(walker, page, identifier, 'not the password');
      return performance.now() - start;
    };
    // Turn by turn, and the quickest of each: whatever else the machine does only makes a request slower.
    let [known, unknown] = [Infinity, Infinity];
    for (let attempt = 0; attempt < 5; attempt += 1) {
      known = Math.min(known, await timeOf(person.email ?? ''));
      unknown = Math.min(unknown, await timeOf('nobody.else@example.org'));
    }
    expect(unknown / known).toBeGreaterThan(0.5);
    expect(unknown / known).toBeLessThan(2);
  });

  test('is told what is missing, at the field', async () => {
    const { walker, page } = await freshForm();
    const empty = await signIn(walker, page, ' ', '');
    expect(empty.status).toBe(422);
    expect(empty.text).toContain('Enter your e-mail address or username. Enter your password.');
    const links = findAll(empty.document, 'a').map(({ attributes }) => attributes['href']);
    expect(links).toEqual(expect.arrayContaining(['#identifier', '#password']));
  });
});

describe('after too many failures', () => {
  async function fail(identifier: string, times: number): Promise<Page> {
    const { walker, page } = await freshForm();
    let last = page;
    for (let attempt = 0; attempt < times; attempt += 1) {
      last = await signIn(walker, last, identifier, 'not the password');
    }
    return last;
  }

  test('the right password is refused as well, for as long as the page says', async () => {
    const person = await makePerson(server.services);
    await fail(person.email ?? '', 8);
    const { walker, page } = await freshForm();
    const refused = await signIn(walker, page, person.email ?? '');
    expect(refused.status).toBe(429);
    const wait = Number(refused.headers.get('Retry-After'));
    expect(wait).toBeGreaterThan(0);
    expect(refused.text).toMatch(/Too many attempts\. Wait \d+ second/);
    clock.advance(wait);
    expect((await signIn(walker, refused, person.email ?? '')).heading).toContain('Atelier Notes');
  });

  test('an account that does not exist looks the same', async () => {
    const person = await makePerson(server.services);
    const [known, unknown] = [await fail(person.email ?? '', 7), await fail('no.such.person@example.org', 7)];
    expect(known.status).toBe(429);
    expect(appearance(unknown)).toEqual(appearance(known));
    clock.advance(1000);
  });

  test('a device the person has used before still gets in, and nobody with a borrowed cookie does', async () => {
    const [person, stranger] = [await makePerson(server.services), await makePerson(server.services)];
    const known = await freshForm();
    await signIn(known.walker, known.page, person.email ?? '');
    const foreign = await freshForm();
    await signIn(foreign.walker, foreign.page, stranger.email ?? '');
    await fail(person.email ?? '', 8);

    const back = await known.walker.visit(authorization(clientId, { prompt: 'login' }));
    expect((await signIn(known.walker, back, person.email ?? '')).status).toBe(200);
    const other = await foreign.walker.visit(
      `${(await foreign.walker.visit(authorization(clientId, { prompt: 'login' }))).url.href}?account=other`,
    );
    expect((await signIn(foreign.walker, other, person.email ?? '')).status).toBe(429);
  });

  test('guesses sent all at once are not let in on one count', async () => {
    const person = await makePerson(server.services);
    const { walker, page } = await freshForm();
    const answers = await Promise.all(
      Array.from({ length: 24 }, () => signIn(walker, page, person.email ?? '', 'not the password')),
    );
    const checked = answers.filter(({ status }) => status === 422);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(answers.length - checked.length);
    expect(checked.length).toBeLessThanOrEqual(8);
    clock.advance(1000);
  });
});

describe('whoever is signed in', () => {
  async function signedIn() {
    const person = await makePerson(server.services);
    const { walker, page } = await freshForm();
    const consent = await signIn(walker, page, person.email ?? '');
    await allow(walker, consent);
    return { person, walker };
  }

  test('goes straight through', async () => {
    const { walker } = await signedIn();
    expect((await walker.visit(authorization(clientId))).leavesTo?.searchParams.has('code')).toBe(true);
  });

  test('is asked for the password alone when the client wants proof', async () => {
    const { person, walker } = await signedIn();
    const page = await walker.visit(authorization(clientId, { prompt: 'login' }));
    expect(page.heading).toBe('Confirm it is you');
    expect(page.text).toContain(person.email);
    const again = await walker.submit(page, { password: 'not the password' }, { form: '/sign-in' });
    expect(again.heading).toBe('Confirm it is you');
    const left = await walker.submit(again, { password: PASSWORD }, { form: '/sign-in' });
    expect(left.leavesTo?.searchParams.has('code')).toBe(true);
  });

  test('can say it is not them, and think better of it', async () => {
    const { walker } = await signedIn();
    const page = await walker.visit(authorization(clientId, { prompt: 'login' }));
    const other = await walker.visit(`${page.url.href}?account=other`);
    expect(other.heading).toBe('Sign in');
    const empty = await signIn(walker, other, '', '');
    expect(empty.text).toContain('Continue as Ada Lovelace instead');
    expect((await walker.visit(page.url.href)).heading).toBe('Confirm it is you');
  });

  test('is offered themselves when the client asks to choose, without a password', async () => {
    const { walker } = await signedIn();
    const page = await walker.visit(authorization(clientId, { prompt: 'select_account' }));
    expect(page.heading).toBe('Choose an account');
    const left = await walker.submit(page, {}, { text: 'Continue as Ada Lovelace' });
    expect(left.leavesTo?.searchParams.has('code')).toBe(true);
  });

  test('is not asked to choose once they have signed in', async () => {
    const [person, other] = [await makePerson(server.services), await makePerson(server.services)];
    const { walker, page } = await freshForm({ prompt: 'select_account' });
    const consent = await signIn(walker, page, person.email ?? '');
    expect(consent.heading).toContain('Allow Atelier Notes');
    await allow(walker, consent);
    const chooser = await walker.visit(authorization(clientId, { prompt: 'select_account' }));
    const form = await walker.visit(`${chooser.url.href}?account=other`);
    const switched = await signIn(walker, form, other.email ?? '');
    // The library ends the first person's session through a form that browsers submit by themselves.
    expect((await walker.submit(switched)).heading).toContain('Allow Atelier Notes');
  });

  test('is not offered themselves when the client named somebody else', async () => {
    const { walker } = await signedIn();
    const page = await walker.visit(
      authorization(clientId, { prompt: 'login', login_hint: 'else@example.org' }),
    );
    expect(page.heading).toBe('Sign in');
    const fields = findAll(page.document, 'input').map(({ attributes }) => attributes);
    expect(fields.find(({ name }) => name === 'identifier')?.['value']).toBe('else@example.org');
  });
});

describe('a form', () => {
  test('without its token is shown again and does nothing', async () => {
    const person = await makePerson(server.services);
    const { walker, page } = await freshForm();
    const body = { identifier: person.email ?? '', password: PASSWORD, csrf: 'made up' };
    const again = await walker.submit(page, body, { form: '/sign-in' });
    expect(again.status).toBe(403);
    expect(again.text).toContain('Please try again.');
    expect((await signIn(walker, again, person.email ?? '')).heading).toContain('Atelier Notes');
  });

  test('of another interaction is not taken', async () => {
    const walker = walkerFor(server);
    const first = await walker.visit(authorization(clientId));
    const second = await walker.visit(authorization(clientId));
    const csrf = first.forms[0]?.fields['csrf'] ?? '';
    const denied = await walker.submit(second, { csrf }, { form: '/deny' });
    expect(denied.status).toBe(403);
    expect(denied.leavesTo).toBeUndefined();
  });

  test('sent from another site is not taken', async () => {
    const walker = walkerFor(server, { 'Sec-Fetch-Site': 'cross-site' });
    const page = await walker.visit(authorization(clientId));
    expect((await walker.submit(page, {}, { form: '/deny' })).status).toBe(403);
  });

  test('with a field given twice is refused', async () => {
    const { walker, page } = await freshForm();
    const [form] = page.forms;
    const body = `${new URLSearchParams(form?.fields).toString()}&identifier=a&identifier=b&password=c`;
    const response = await fetch(form?.action ?? '', {
      method: 'POST',
      body,
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        Cookie: walker.cookies.headerFor(page.url),
      },
    });
    expect(response.status).toBe(400);
  });

  test('is what somebody gets who reloads its answer', async () => {
    const { walker, page } = await freshForm();
    const reloaded = await walker.visit(`${page.url.href}/sign-in`);
    expect(reloaded.url.href).toBe(page.url.href);
    expect(reloaded.heading).toBe('Sign in');
  });
});

describe('the page', () => {
  test('cannot be framed, kept, or made to send its form elsewhere than to the client', async () => {
    const { page } = await freshForm();
    const policy = page.headers.get('Content-Security-Policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self' https://notes.example");
    expect(page.headers.get('X-Frame-Options')).toBe('DENY');
    expect(page.headers.get('Cache-Control')).toBe('no-store');
    expect(page.headers.get('Referrer-Policy')).toBe('no-referrer');
    expect(page.headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  test.each([
    [{ ui_locales: 'fr-CA en' }, 'en', 'fr'],
    [{}, 'fr,en;q=0.5', 'fr'],
    [{}, 'de', 'en'],
  ])('with %o and Accept-Language %s speaks %s', async (parameters, accepted, language) => {
    const walker = walkerFor(server, { 'Accept-Language': accepted });
    const page = await walker.visit(authorization(clientId, parameters));
    expect(findAll(page.document, 'html')[0]?.attributes['lang']).toBe(language);
    expect(page.headers.get('Content-Language')).toBe(language);
    expect(page.heading).toBe(language === 'fr' ? 'Connexion' : 'Sign in');
  });

  test('is nobody else’s: another browser, a made-up address and an old one say to start again', async () => {
    const { walker, page } = await freshForm();
    const left = await walker.submit(page, {}, { form: '/deny' });
    expect(left.leavesTo).toBeDefined();
    for (const lost of [
      await walkerFor(server).visit(page.url.href),
      await walker.visit('/interaction/made-up'),
      await walker.visit(page.url.href),
    ]) {
      expect(lost.status).toBe(400);
      expect(lost.heading).toBe('Please start again');
    }
  });

  test('knows two methods', async () => {
    const { page } = await freshForm();
    for (const [method, path] of [
      ['POST', ''],
      ['DELETE', '/sign-in'],
    ] as const) {
      const response = await fetch(page.url.href + path, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('Allow')).toContain('GET');
    }
    expect((await fetch(`${page.url.href}/unknown`)).status).toBe(404);
  });
});
