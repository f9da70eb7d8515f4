/** Links of mails on two real processes and one database: each is good once, however many follow it at the same instant. */
import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { mintLink, type LinkOrder } from '../../src/accounts/mint-link.ts';
import { findAccountByIdentifier } from '../../src/accounts/store.ts';
import { createWalker, type Walker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { authorization, CALLBACK } from '../interactions/visit.ts';
import { EFFORT } from '../support/effort.ts';
import { makeClient, makePerson } from '../support/factories.ts';
import type { Answer } from '../support/node.ts';

const CHOSEN = 'marble lantern orbit thistle';
/** Each costs the hash of a password for everybody who takes part. */
const HASHING_CONTESTS = 8 * EFFORT;
const CONTESTS = 40 * EFFORT;
const WIDTH = 4;
const LANES = 4;

let cluster: Cluster;
let walker: Walker;

beforeAll(async () => {
  cluster = await startCluster();
  walker = createWalker({ origin: cluster.issuer });
});
afterAll(() => cluster.stop());

async function mint(order: Pick<LinkOrder, 'purpose' | 'email'> & Partial<LinkOrder>): Promise<string> {
  const occasion = randomBytes(8).toString('hex');
  const path = await mintLink(cluster.services, { occasion, requestedAt: new Date(), ...order });
  if (path === undefined) throw new Error('no link');
  return path;
}

function newAddress(): string {
  return `grace.${randomBytes(8).toString('hex')}@example.org`;
}

/** The token of the forms behind such links: one for all, since they are of one browser. */
async function csrfOf(path: string): Promise<string> {
  const page = await walker.visit(path);
  return page.forms[0]?.fields['csrf'] ?? '';
}

/** Everybody posts at once, on both processes in turn, one link each or the same. */
function contend(paths: readonly string[], csrf: string, width = WIDTH): Promise<Answer[]> {
  const cookie = walker.cookies.headerFor(new URL(cluster.issuer));
  return Promise.all(
    Array.from({ length: width }, (_, index) => {
      const url = new URL(paths[index % paths.length] ?? '', cluster.issuer);
      const form = {
        csrf,
        token: url.searchParams.get('token') ?? '',
        password: `${CHOSEN} ${index}`,
        repeat: `${CHOSEN} ${index}`,
      };
      const node = cluster.nodes[index % 2 === 0 ? 0 : 1];
      return node.call('POST', url.pathname, { headers: { cookie }, form });
    }),
  );
}

async function inLanes(total: number, contest: () => Promise<void>): Promise<void> {
  let left = total;
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      while (left-- > 0) await contest();
    }),
  );
}

function statuses(answers: readonly Answer[]): number[] {
  return answers.map(({ status }) => status).sort((a, b) => a - b);
}

const ONE_WINNER = [303, 400, 400, 400];

test('an address is confirmed by one of many who follow its link', async () => {
  const person = await makePerson(cluster.services);
  const order = { purpose: 'email-change', accountId: person.id } as const;
  const csrf = await csrfOf(await mint({ ...order, email: newAddress(), previousEmail: person.email }));
  await inLanes(CONTESTS, async () => {
    const { id, email } = await makePerson(cluster.services, { password: undefined });
    const path = await mint({ ...order, accountId: id, email: newAddress(), previousEmail: email });
    expect(statuses(await contend([path], csrf))).toEqual(ONE_WINNER);
  });
});

test('a password is chosen by one of many who follow its link', async () => {
  const { id: accountId, email } = await makePerson(cluster.services);
  const csrf = await csrfOf(await mint({ purpose: 'password-reset', accountId, email: email ?? '' }));
  await inLanes(HASHING_CONTESTS, async () => {
    const person = await makePerson(cluster.services, { password: undefined });
    const order = { purpose: 'password-reset', accountId: person.id, email: person.email ?? '' } as const;
    expect(statuses(await contend([await mint(order)], csrf))).toEqual(ONE_WINNER);
  });
});

test('an account is made once, by one link or by several of one address', async () => {
  const first = newAddress();
  const csrf = await csrfOf(await mint({ purpose: 'registration', email: first }));
  await inLanes(HASHING_CONTESTS, async () => {
    const email = newAddress();
    const paths = [
      await mint({ purpose: 'registration', email }),
      await mint({ purpose: 'invitation', email }),
    ];
    expect(statuses(await contend(paths, csrf))).toEqual(ONE_WINNER);
    expect(await findAccountByIdentifier(cluster.services.db.knex, email)).toBeDefined();
  });
});

test('of links that are made at once for one address, one is left', async () => {
  const email = newAddress();
  const paths = await Promise.all(Array.from({ length: 8 }, () => mint({ purpose: 'registration', email })));
  const alive = [];
  for (const path of paths) if ((await walker.visit(path)).status === 200) alive.push(path);
  expect(alive).toHaveLength(1);
});

test('mails to one address are counted over both processes', async () => {
  const email = newAddress();
  const { id } = await makeClient(cluster.services, 'web', { metadata: { redirect_uris: [CALLBACK] } });
  await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const browser = createWalker({ origin: cluster.issuer });
      const form = await browser.visit(`${(await browser.visit(authorization(id))).url.href}/register`);
      const [{ action, fields } = never()] = form.forms;
      const cookie = browser.cookies.headerFor(form.url);
      const node = cluster.nodes[index % 2 === 0 ? 0 : 1];
      const answer = await node.call('POST', action.pathname, {
        headers: { cookie },
        form: { ...fields, email },
      });
      expect(answer.status).toBe(303);
    }),
  );
  const rows = await cluster.database.db.knex('mails').where({ recipient: email }).select('id');
  expect(rows).toHaveLength(3);
});

function never(): never {
  throw new Error('there is no form');
}
