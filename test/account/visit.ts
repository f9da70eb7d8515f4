import type { Account } from '../../src/accounts/account.ts';
import { signIn, walkerFor } from '../interactions/visit.ts';
import type { Page, Walker } from '../support/browser-walker.ts';
import type { TestServer } from '../support/server.ts';

/** Somebody with a browser of their own, signed in at a page of their account. */
export async function openAccount(
  server: TestServer,
  person: Account,
  { path = '/account', headers = {} }: { path?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<{ walker: Walker; page: Page }> {
  const walker = walkerFor(server, headers);
  const form = await walker.visit(path);
  return { walker, page: await signIn(walker, form, person.email ?? '') };
}

/** Whether this browser is signed in; looking at it changes nothing. */
export async function isSignedIn(walker: Walker): Promise<boolean> {
  return (await walker.visit('/account')).url.pathname === '/account';
}

/** A form that no page offered: what somebody writes who has read our source. */
export function forge(
  walker: Walker,
  page: Page,
  action: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<Page> {
  const csrf = page.forms[0]?.fields['csrf'] ?? '';
  const form = { action: new URL(action, page.url), method: 'post', fields: { csrf }, buttons: [] };
  return walker.submit({ ...page, forms: [form] }, fields);
}
