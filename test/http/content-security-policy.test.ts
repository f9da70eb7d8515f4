import { expect, test } from 'vitest';
import {
  contentSecurityPolicy,
  redirectSource,
  withFormAction,
} from '../../src/http/content-security-policy.ts';
import { sendPage } from '../../src/http/page.ts';
import type { Middleware } from '../../src/http/middleware.ts';
import { startSite } from './harness.ts';

test('a page loads its own files only and stands in nobody’s frame', () => {
  expect(contentSecurityPolicy()).toBe(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
  );
});

test.each([
  ['https://app.example.com/callback?x=1', 'https://app.example.com'],
  ['https://app.example.com:8443/callback', 'https://app.example.com:8443'],
  ['http://localhost:8080/cb', 'http://localhost:8080'],
  ['http://127.0.0.1/cb', 'http://127.0.0.1'],
  ['http://[::1]:8080/cb', 'http:'],
  ['com.example.app:/callback', 'com.example.app:'],
  ['com.example.app://callback', 'com.example.app:'],
])('a form may lead to %s by %s', (redirectUri, source) => {
  expect(redirectSource(redirectUri)).toBe(source);
  expect(contentSecurityPolicy({ formAction: [source] })).toMatch(
    new RegExp(`; form-action 'self' ${source.replace(/[.[\]]/g, '\\$&')}$`),
  );
});

test('a target can be added to a policy, also after the library has rewritten it', () => {
  const added = "form-action 'self' https://app.example.com";
  expect(withFormAction(contentSecurityPolicy(), ['https://app.example.com'])).toContain(added);
  const rewritten = contentSecurityPolicy()
    .replaceAll('; ', ';')
    .replace("script-src 'self'", "script-src 'self' 'sha256-x'");
  const policy = withFormAction(rewritten, ['https://app.example.com']);
  expect(policy).toContain(added);
  expect(policy).toContain("'sha256-x'");
});

test('a page is kept by nobody and says what it may do', async () => {
  await using site = await startSite([page]);
  const { status, headers, text } = await site.get('/x');
  expect(status).toBe(200);
  expect(text).toBe('<p>Hello</p>');
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': expect.stringContaining("form-action 'self' https://app.example.com"),
  });
});

const page: Middleware = async function answerWithPage(ctx) {
  sendPage(ctx, '<p>Hello</p>', { csp: contentSecurityPolicy({ formAction: ['https://app.example.com'] }) });
};
