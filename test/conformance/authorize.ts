import { createHash } from 'node:crypto';

import * as oauth from 'oauth4webapi';
import { expect } from 'vitest';

import { createWalker, type Page, type Walker } from '../support/browser-walker.ts';
import { PASSWORD } from '../support/factories.ts';
import { findAll } from '../support/html.ts';
import { CALLBACK, type Suite, type TestClient } from './suite.ts';

/** One authorization request and what became of it. */
export interface Authorization {
  readonly browser: Walker;
  readonly client: TestClient;
  readonly request: Readonly<Record<string, string>>;
  readonly verifier: string;
  /** What the person was shown on the way. */
  readonly asked: readonly Question[];
  /** The last page; an error page, when there is no answer. */
  readonly page: Page;
  /** What the client was sent. */
  readonly answer: Answer | undefined;
}

export type Question = 'sign-in' | 'consent';

export interface Answer {
  readonly params: URLSearchParams;
  /** As it arrived, for libraries that take it whole. */
  readonly message: URL | Request;
}

/** Undefined takes a parameter out. */
export type Parameters = Readonly<Record<string, string | undefined>>;

export interface AuthorizeOptions {
  /** With its cookies; a new one otherwise. */
  readonly browser?: Walker;
  readonly client?: TestClient;
  readonly method?: 'GET' | 'POST';
  /** Changes the order in which parameters are sent. */
  readonly arrange?: (request: [string, string][]) => [string, string][];
}

/** Sends the suite's authorization request with these parameters changed, and a person through whatever is asked. */
export async function authorize(
  suite: Suite,
  parameters: Parameters = {},
  {
    browser = newBrowser(suite),
    client = suite.client,
    method = 'GET',
    arrange = (request) => request,
  }: AuthorizeOptions = {},
): Promise<Authorization> {
  const verifier = oauth.generateRandomCodeVerifier();
  const request = withoutMissing({
    client_id: client.id,
    redirect_uri: client.redirectUri,
    scope: 'openid',
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    response_type: 'code',
    response_mode: suite.responseMode === 'form_post' ? 'form_post' : undefined,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...parameters,
  });
  const endpoint = suite.metadata.authorization_endpoint ?? '';
  const fields = arrange(Object.entries(request));
  const first =
    method === 'GET'
      ? await browser.visit(`${endpoint}?${new URLSearchParams(fields)}`)
      : await browser.submit(
          await browser.visit(suite.receiver.formPage(endpoint, Object.fromEntries(fields))),
        );
  return { browser, client, request, verifier, ...(await goOn(suite, browser, first)) };
}

export function newBrowser({ issuer }: Pick<Suite, 'issuer'>): Walker {
  return createWalker({ origin: issuer });
}

/** Sign in and consent; more means going round in circles. */
const QUESTIONS_MAX = 3;

/** Signs in and allows what is asked, until the browser leaves for the client or there is nothing to answer. */
export async function goOn(
  suite: Suite,
  browser: Walker,
  start: Page,
): Promise<Pick<Authorization, 'asked' | 'page' | 'answer'>> {
  const asked: Question[] = [];
  let page = start;
  while (asked.length < QUESTIONS_MAX) {
    const question = questionOf(page);
    if (!question) break;
    asked.push(question);
    page = await reply(suite, browser, page, question);
  }
  return { asked, page, answer: await deliver(suite, browser, page) };
}

function questionOf(page: Page): Question | undefined {
  const asks = (step: Question) => page.forms.some(({ action }) => action.pathname.endsWith(`/${step}`));
  if (asks('sign-in')) return 'sign-in';
  return asks('consent') ? 'consent' : undefined;
}

function reply(suite: Suite, browser: Walker, page: Page, question: Question): Promise<Page> {
  if (question === 'consent') return browser.submit(page, {}, { name: 'decision', value: 'allow' });
  const identifier = suite.person.email ?? '';
  return browser.submit(page, { identifier, password: PASSWORD }, { form: '/sign-in' });
}

/** Brings the answer to the client as the browser would, and takes it there. */
async function deliver(suite: Suite, browser: Walker, page: Page): Promise<Answer | undefined> {
  const { receiver } = suite;
  if (page.leavesTo) {
    expect(suite.responseMode).toBe('default');
    expect(page.leavesTo.origin).toBe(receiver.origin);
    expect(page.status).toBe(303);
    await (await fetch(page.leavesTo)).body?.cancel();
    const { method, url } = await receiver.take(CALLBACK);
    expect(method).toBe('GET');
    return { params: url.searchParams, message: url };
  }
  const [form] = page.forms;
  if (form?.action.origin !== receiver.origin) return undefined;

  expect(suite.responseMode).toBe('form_post');
  checkAutoSubmit(page);
  await browser.submit(page);
  const { method, url, contentType, body } = await receiver.take(CALLBACK);
  // OAuth 2.0 Form Post Response Mode §2: a POST, a form, and nothing in the URL.
  expect(method).toBe('POST');
  expect(contentType).toMatch(/^application\/x-www-form-urlencoded\b/);
  expect(url.search).toBe('');
  const message = new Request(url, { method, body, headers: { 'Content-Type': contentType } });
  return { params: new URLSearchParams(body), message };
}

/** The page submits itself only if its own policy lets its script run and its form go there. */
function checkAutoSubmit(page: Page): void {
  const policy = directives(page.headers.get('Content-Security-Policy') ?? '');
  const [form] = page.forms;
  expect(form?.method).toBe('post');
  expect(policy.get('form-action')).toContain(form?.action.origin);
  const [script] = findAll(page.document, 'script');
  const source = script?.children.join('') ?? '';
  expect(source).toContain('submit()');
  const digest = createHash('sha256').update(source).digest('base64');
  expect(policy.get('script-src')).toContain(`'sha256-${digest}'`);
  expect(page.headers.get('Cache-Control')).toContain('no-store');
}

function directives(policy: string): Map<string, string[]> {
  return new Map(
    policy.split(';').map((directive) => {
      const [name = '', ...values] = directive.trim().split(/\s+/);
      return [name, values];
    }),
  );
}

function withoutMissing(parameters: Parameters): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** RFC 6749 §4.1.2.1, RFC 9207 §2: the rules of every error that reaches the client. Returns its code. */
export function expectError({ answer, request, page }: Authorization, issuer: string): string {
  if (!answer) throw new Error(`the client was told nothing: ${page.status} "${page.text}"`);
  const { params } = answer;
  expect(params.get('state')).toBe(request['state'] ?? null);
  expect(params.get('iss')).toBe(issuer);
  expect(params.has('code')).toBe(false);
  expect([...params.keys()].filter((name) => !ERROR_PARAMETERS.has(name))).toEqual([]);
  expect(params.get('error_description') ?? '').toMatch(DESCRIPTION);
  return params.get('error') ?? '';
}

const ERROR_PARAMETERS = new Set(['error', 'error_description', 'error_uri', 'state', 'iss']);
/** RFC 6749 §4.1.2.1: printable ASCII without quote and backslash. */
const DESCRIPTION = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** The person is told instead, because the client cannot be trusted or reached. */
export function expectErrorPage({ answer, page }: Authorization): Page {
  expect(answer).toBeUndefined();
  expect(page.leavesTo).toBeUndefined();
  expect(page.status).toBe(400);
  expect(page.headers.get('Content-Type')).toMatch(/^text\/html\b/);
  expect(page.heading).not.toBe('');
  return page;
}
