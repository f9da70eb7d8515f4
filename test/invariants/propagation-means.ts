import { decodeJwt, decodeProtectedHeader } from 'jose';

import { enableApi } from '../../src/resources/enable-api.ts';
import { disableAccount } from '../../src/revocation/disable-account.ts';
import { disableApi } from '../../src/revocation/disable-api.ts';
import { disableClient } from '../../src/revocation/disable-client.ts';
import { resetPassword } from '../../src/revocation/reset-password.ts';
import { revokeKey } from '../../src/revocation/revoke-key.ts';
import { revoke } from '../../src/revocation/revoke.ts';
import { jtiDigest } from '../../src/revocation/token.ts';
import { mintCode, redeem, refresh, revokeAt, tokensOf, type App } from '../support/app.ts';
import { createCli, line } from '../support/cli.ts';
import type { Answer } from '../support/node.ts';
import { untilAllIsWell } from './propagation-doors.ts';
import {
  accessOf,
  BILLS,
  makeMachine,
  mint,
  obtainMore,
  openVisit,
  type Scene,
  type Token,
  type Visit,
} from './propagation-scene.ts';

/** Something that is about to be ended, and how. */
export interface Ending {
  /** All of them end with it. */
  readonly tokens: readonly Token[];
  /** Resolves when it was acknowledged. */
  readonly end: () => Promise<unknown>;
}

/** Who takes part in all the rounds that leave them in place. */
export interface Cast {
  readonly machine: App;
  readonly visitor: Visit;
}

export interface Means {
  readonly rounds: number;
  readonly arrange: (scene: Scene, cast: Cast) => Promise<Ending>;
  /** Puts back what later rounds need. */
  readonly after?: (scene: Scene) => Promise<unknown>;
  /** Whatever lives at that moment. */
  readonly endsAll?: true;
}

const actor = 'test';
const jtiOf = ({ access }: Token) => decodeJwt(access).jti ?? '';

async function several(scene: Scene, resource?: string): Promise<Token[]> {
  const app = await makeMachine(scene, resource);
  return Promise.all([mint(scene, app), mint(scene, app), mint(scene, app)]);
}

/** A new person, with tokens of one session and how to end them. */
async function visitThatEnds(
  scene: Scene,
  end: (visit: Visit, ledger: { session_uid: string }) => Promise<unknown>,
): Promise<Ending> {
  const one = await openVisit(scene);
  const tokens = [accessOf(one, one.first), accessOf(one, await obtainMore(scene, one))];
  const row = await ledgerRow(scene, accessOf(one, one.first));
  return { tokens, end: () => end(one, row) };
}

async function ledgerRow(scene: Scene, token: Token): Promise<{ grant_id: string; session_uid: string }> {
  const [row] = await scene.cluster.database.db
    .knex('tokens')
    .where({ jti: jtiDigest(jtiOf(token)) })
    .select<{ grant_id: string; session_uid: string }[]>('grant_id', 'session_uid');
  if (!row) throw new Error('the token is not in the ledger');
  return row;
}

async function answered(status: number, sent: Promise<Answer>): Promise<void> {
  const answer = await sent;
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${answer.text}`);
}

async function signOut({ walker, first }: Visit): Promise<void> {
  const page = await walker.visit(
    `/session/end?${new URLSearchParams({ id_token_hint: first.id }).toString()}`,
  );
  const done = page.forms.length === 0 ? page : await walker.submit(page, {}, { name: 'logout' });
  if (done.url.pathname !== '/session/end/success') throw new Error(`not signed out: ${done.text}`);
}

/**
 * A key that is revoked without a published successor is replaced by one that nobody knows yet, and a verifier looks for such a key
 * once in some seconds only. Until then it refuses new tokens; old ones it refuses anyway.
 */
async function untilNewKeyIsKnown(scene: Scene): Promise<void> {
  const [token] = await several(scene, BILLS);
  if (!token) return;
  const wrong = await untilAllIsWell(scene, [], [token]);
  if (wrong.length > 0) throw new Error(`the new key is not known: ${wrong.join()}`);
}

/** Every way in which tokens end before their time. The last ones hit everybody. */
export const MEANS: Readonly<Record<string, Means>> = {
  'access token at the revocation endpoint': {
    rounds: 40,
    async arrange(scene, { machine }) {
      const token = await mint(scene, machine);
      return { tokens: [token], end: () => answered(200, revokeAt(scene.node(), token.app, token.access)) };
    },
  },
  jti: {
    rounds: 40,
    async arrange(scene, { machine }) {
      const token = await mint(scene, machine);
      return { tokens: [token], end: () => revoke(scene.cluster.services, { jti: jtiOf(token) }, actor) };
    },
  },
  'jti on the command line': {
    rounds: 3,
    async arrange(scene, { machine }) {
      const token = await mint(scene, machine);
      const { database, issuer } = scene.cluster;
      const cli = createCli({ GUICHET_DATABASE_URL: database.url, GUICHET_ISSUER: issuer });
      return { tokens: [token], end: () => cli.json(line`tokens revoke --jti ${jtiOf(token)}`) };
    },
  },
  'refresh token at the revocation endpoint': {
    rounds: 16,
    async arrange(scene, { visitor: one }) {
      const tokens = await obtainMore(scene, one);
      const next = tokensOf(await refresh(scene.node(), one.app, tokens.refresh));
      return {
        tokens: [accessOf(one, tokens), accessOf(one, next)],
        end: () => answered(200, revokeAt(scene.node(), one.app, next.refresh)),
      };
    },
  },
  grant: {
    rounds: 16,
    async arrange(scene, { visitor: one }) {
      const token = accessOf(one, await obtainMore(scene, one));
      const { grant_id: grant } = await ledgerRow(scene, token);
      return { tokens: [token], end: () => revoke(scene.cluster.services, { grant }, actor) };
    },
  },
  'reuse of a refresh token': {
    rounds: 12,
    async arrange(scene, { visitor: one }) {
      const tokens = await obtainMore(scene, one);
      const second = tokensOf(await refresh(scene.node(), one.app, tokens.refresh));
      const third = tokensOf(await refresh(scene.node(), one.app, second.refresh));
      return {
        tokens: [tokens, second, third].map((each) => accessOf(one, each)),
        end: () => answered(400, refresh(scene.node(), one.app, tokens.refresh)),
      };
    },
  },
  'replay of a code': {
    rounds: 12,
    async arrange(scene, { visitor: one }) {
      const code = await mintCode(scene.node(), one.app, one.cookie);
      const tokens = tokensOf(await redeem(scene.node(), one.app, code));
      return {
        tokens: [accessOf(one, tokens)],
        end: () => answered(400, redeem(scene.node(), one.app, code)),
      };
    },
  },
  session: {
    rounds: 8,
    arrange: (scene) =>
      visitThatEnds(scene, (_, { session_uid: session }) =>
        revoke(scene.cluster.services, { session }, actor),
      ),
  },
  'sign-out': { rounds: 8, arrange: (scene) => visitThatEnds(scene, signOut) },
  account: {
    rounds: 6,
    arrange: (scene) =>
      visitThatEnds(scene, ({ person }) => revoke(scene.cluster.services, { account: person.id }, actor)),
  },
  'disabling a user': {
    rounds: 6,
    arrange: (scene) =>
      visitThatEnds(scene, ({ person }) => disableAccount(scene.cluster.services, person.id, actor)),
  },
  'password reset': {
    rounds: 6,
    arrange: (scene) =>
      visitThatEnds(scene, ({ person }) =>
        resetPassword(scene.cluster.services, person.id, 'another horse, another battery', actor),
      ),
  },
  client: {
    rounds: 8,
    async arrange(scene) {
      const tokens = await several(scene);
      const client = tokens[0]?.app.id ?? '';
      return { tokens, end: () => revoke(scene.cluster.services, { client }, actor) };
    },
  },
  'disabling a client': {
    rounds: 8,
    async arrange(scene) {
      const tokens = await several(scene);
      return { tokens, end: () => disableClient(scene.cluster.services, tokens[0]?.app.id ?? '', actor) };
    },
  },
  api: {
    rounds: 6,
    async arrange(scene) {
      const tokens = await several(scene, BILLS);
      return { tokens, end: () => revoke(scene.cluster.services, { api: scene.bills.id }, actor) };
    },
  },
  'disabling an API': {
    rounds: 6,
    async arrange(scene) {
      const tokens = await several(scene, BILLS);
      return { tokens, end: () => disableApi(scene.cluster.services, scene.bills.id, actor) };
    },
    after: ({ cluster, bills }) => enableApi(cluster.services, bills.id, actor),
  },
  key: {
    rounds: 3,
    async arrange(scene) {
      const tokens = await several(scene, BILLS);
      const { kid = '' } = decodeProtectedHeader(tokens[0]?.access ?? '');
      return { tokens, end: () => revokeKey(scene.cluster.services, kid, actor) };
    },
    after: untilNewKeyIsKnown,
  },
  'everything issued before': {
    rounds: 4,
    endsAll: true,
    async arrange(scene) {
      const tokens = [...(await several(scene)), ...(await several(scene, BILLS))];
      // Whole seconds are not needed: the ledger has the moment, and the tokens above are in it.
      return { tokens, end: () => revoke(scene.cluster.services, { issuedBefore: new Date() }, actor) };
    },
  },
};
