import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Account } from '../../src/accounts/account.ts';
import type { Api } from '../../src/resources/api.ts';
import {
  cookiesOf,
  introspect,
  makeApp,
  obtainTokens,
  post,
  redeem,
  signIn,
  tokensOf,
  type App,
  type Tokens,
} from '../support/app.ts';
import { startApi, type Verdict } from '../support/api-process.ts';
import { startBalancer, type Balancer } from '../support/balancer.ts';
import { createWalker, type Walker } from '../support/browser-walker.ts';
import { makeCertificate } from '../support/certificates.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi, makePerson, ORDERS } from '../support/factories.ts';
import { findProgram, startUpstream } from '../support/gateway-process.ts';
import { startNginx } from '../support/nginx.ts';
import type { Node } from '../support/node.ts';
import { startOwnPostgres, type OwnPostgres } from '../support/own-postgres.ts';
import { freePort } from '../support/server.ts';

/** For `status: 'list'` and for a stream that is lost. */
export const TTL_SECONDS = 2;
/** Signed with another key than {@link ORDERS}, so that key and API can be ended while the rest goes on. */
export const BILLS = 'https://api.example/bills';

export interface Token {
  readonly access: string;
  readonly app: App;
  readonly audience: string;
}

/** By name: everybody who decides over a token, and how to ask. */
export type Doors = Readonly<Record<DoorName, (token: Token) => Promise<Verdict>>>;
/** `gateway`: nginx with the shipped configuration. `verify`: what any other gateway asks. Both and `introspection` ask Guichet each time. */
export const DOOR_NAMES = ['stream', 'list', 'gateway', 'verify', 'introspection'] as const;
export type DoorName = (typeof DOOR_NAMES)[number];

export interface Scene {
  readonly postgres: OwnPostgres;
  readonly balancer: Balancer;
  readonly cluster: Cluster;
  readonly bills: Api;
  readonly doors: Doors;
  /** One of the processes that live, in turn. */
  node(): Node;
  /** Until the API that follows the stream has it, after whatever happened before. */
  untilStreaming(): Promise<void>;
  /** What the verifiers in the APIs went through. */
  output(): string;
  stop(): Promise<void>;
}

/** Two processes, one of which may be dying. */
const ATTEMPTS = 50;

const env = { GUICHET_STATUS_LIST_TTL_SECONDS: String(TTL_SECONDS) };

/** Two server processes behind one address, and three processes that verify: by the stream, by lists, as a gateway. */
export async function openScene(): Promise<Scene> {
  const balancer = await startBalancer();
  const postgres = await startOwnPostgres();
  const cluster = await startCluster({ database: postgres, issuer: balancer.url, env });
  balancer.forwardTo(cluster.nodes.map(({ port }) => port));
  await makeApi(cluster.services);
  const bills = await makeApi(cluster.services, { audience: BILLS, name: 'Bills', signingAlg: 'EdDSA' });
  const credentials = await makeApp(cluster.services, { kind: 'machine' });
  const api = { issuer: balancer.url, audiences: [ORDERS, BILLS] };
  const stream = await startApi({ ...api, credentials });
  const list = await startApi(api);
  const gateway = await openGateway(balancer);
  const isUp = (index: number) => {
    const child = cluster.processes[index]?.child;
    return child?.exitCode === null && child.signalCode === null;
  };
  let turn = 0;
  function node(): Node {
    turn += 1;
    const [first, second] = cluster.nodes;
    return isUp(turn % 2) && turn % 2 === 1 ? second : isUp(0) ? first : second;
  }
  const verify = (token: Token) => askVerify(node())(token);
  return {
    postgres,
    balancer,
    cluster,
    bills,
    doors: {
      stream: answered(({ access }) => stream.ask(access)),
      list: answered(({ access }) => list.ask(access)),
      // It stands in front of one API.
      gateway: answered((token) =>
        token.audience === ORDERS && gateway ? gateway.ask(token) : verify(token),
      ),
      verify: answered(verify),
      introspection: answered((token) => askIntrospection(node(), token)),
    },
    node,
    async untilStreaming() {
      for (let turn = 0; turn < 1_500; turn += 1) {
        const last = stream.output().trimEnd().split('\n').at(-1);
        if (last?.includes('stream-closed') !== true && balancer.streamPorts().length === 1) return;
        await sleep(10);
      }
      throw new Error(`the stream was not opened again:\n${stream.output()}`);
    },
    output: () => `stream API:\n${stream.output()}list API:\n${list.output()}`,
    async stop() {
      await Promise.all([stream.stop(), list.stop(), gateway?.stop()]);
      await cluster.stop();
      await balancer.stop();
      await postgres.stop();
    },
  };
}

async function openGateway({ url, port: guichetPort }: Balancer) {
  const program = findProgram('nginx');
  if (program === undefined) return undefined;
  const upstream = await startUpstream();
  const port = await freePort();
  const certificate = makeCertificate('own');
  const nginx = await startNginx(program, {
    issuer: url,
    guichetPort,
    apiPort: upstream.port,
    port,
    certificate,
  });
  const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
  return {
    ask({ access }: Token): Promise<Verdict> {
      const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
      const headers = { Host: `localhost:${port}`, Authorization: `Bearer ${access}` };
      https
        .get(
          { host: '127.0.0.1', port, servername: 'localhost', path: '/orders', agent, headers },
          (response) => {
            response.resume();
            const reason = response.headers['www-authenticate'] ?? '';
            response.on('end', () => resolve({ status: response.statusCode ?? 0, reason }));
          },
        )
        .on('error', reject);
      return promise;
    },
    async stop() {
      agent.destroy();
      await nginx.stop();
      await upstream.stop();
    },
  };
}

/** A connection that broke is no verdict: asked again, as any client would. */
function answered(ask: (token: Token) => Promise<Verdict>): (token: Token) => Promise<Verdict> {
  return async (token) => {
    for (let attempt = 1; attempt < ATTEMPTS; attempt += 1) {
      const verdict = await ask(token).catch(() => undefined);
      if (verdict) return verdict;
      await sleep(20);
    }
    return ask(token);
  };
}

function askVerify(node: Node): (token: Token) => Promise<Verdict> {
  return async ({ access, audience }) => {
    const { status, text } = await node.call(
      'GET',
      `/verify?${new URLSearchParams({ audience }).toString()}`,
      {
        headers: { authorization: `Bearer ${access}` },
      },
    );
    return { status, reason: text };
  };
}

/** In the terms of the others: an inactive token is a refusal, and so is a client that is no longer let in. */
async function askIntrospection(node: Node, { app, access }: Token): Promise<Verdict> {
  const { status, json, text } = await introspect(node, app, access);
  return { status: json['active'] === false ? 401 : status, reason: text };
}

export async function mint(scene: Scene, app: App): Promise<Token> {
  const answer = await post(scene.node(), app, '/token', {
    grant_type: 'client_credentials',
    scope: 'orders:read',
  });
  if (answer.status !== 200) throw new Error(answer.text);
  return { access: tokensOf(answer).access, app, audience: app.resource ?? '' };
}

export async function makeMachine(scene: Scene, resource = ORDERS): Promise<App> {
  return makeApp(scene.cluster.services, { kind: 'machine', resource, scope: 'orders:read' });
}

/** Somebody who is signed in to an application. */
export interface Visit {
  readonly app: App;
  readonly person: Account;
  readonly walker: Walker;
  readonly cookie: string;
  /** Of the sign-in. */
  readonly first: Tokens;
}

export async function openVisit(scene: Scene): Promise<Visit> {
  const { services, issuer } = scene.cluster;
  const app = await makeApp(services);
  const person = await makePerson(services);
  const walker = createWalker({ origin: issuer });
  const code = await signIn(walker, app, person);
  const answer = await redeem(scene.node(), app, code);
  if (answer.status !== 200) throw new Error(answer.text);
  return { app, person, walker, cookie: cookiesOf(walker, issuer), first: tokensOf(answer) };
}

export function accessOf({ app }: Visit, { access }: Tokens): Token {
  return { access, app, audience: app.resource ?? '' };
}

/** Further tokens for the same application and session. */
export function obtainMore(scene: Scene, { app, cookie }: Visit): Promise<Tokens> {
  return obtainTokens(scene.node(), app, cookie);
}
