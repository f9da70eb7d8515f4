import { createCookieJar, type CookieJar } from './cookie-jar.ts';
import { findAll, parseHtml, textOf, type Element } from './html.ts';

/**
 * A person with the plainest of browsers: cookies, links, forms, no JavaScript. It follows redirects, and pages that lead on by
 * themselves, within the server it was made for and stops at the first that leaves, which is where a client would take over.
 */
export interface Walker {
  readonly cookies: CookieJar;
  visit(url: string): Promise<Page>;
  /** Submits a form of the page as pressing `button` would; without one, as pressing Enter would. */
  submit(page: Page, fields?: Readonly<Record<string, string>>, button?: ButtonChoice): Promise<Page>;
}

export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  readonly document: Element;
  /** All that can be read on it. */
  readonly text: string;
  readonly heading: string;
  readonly forms: readonly Form[];
  /** Where the server sent us, when that is not the server itself. */
  readonly leavesTo: URL | undefined;
}

export interface Form {
  readonly action: URL;
  readonly method: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly buttons: readonly Button[];
}

export interface Button {
  readonly name: string;
  readonly value: string;
  readonly text: string;
}

/** By what is written on it, or by what it sends; `form` by the end of its action, where several have such a button. */
export interface ButtonChoice {
  readonly text?: string;
  readonly name?: string;
  readonly value?: string;
  readonly form?: string;
}

export interface WalkerOptions {
  readonly origin: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: CookieJar;
}

const REDIRECTS_MAX = 12;

export function createWalker({ origin, headers = {}, cookies = createCookieJar() }: WalkerOptions): Walker {
  async function send(url: URL, init: RequestInit = {}, redirects = 0): Promise<Page> {
    const response = await fetch(url, { ...init, redirect: 'manual', headers: requestHeaders(url, init) });
    cookies.store(response.headers.getSetCookie(), url);
    const location = response.headers.get('Location');
    const target = location === null ? undefined : new URL(location, url);
    const isOurs = (place: URL) => place.origin === new URL(origin).origin;
    if (redirects >= REDIRECTS_MAX) throw new Error(`too many redirects, the last to ${url.href}`);
    if (target && isOurs(target)) {
      await response.body?.cancel();
      return send(target, {}, redirects + 1);
    }
    const page = await readPage(url, response, target);
    const refresh = refreshOf(page);
    return refresh && isOurs(refresh) ? send(refresh, {}, redirects + 1) : page;
  }

  function requestHeaders(url: URL, init: RequestInit): Headers {
    const all = new Headers({ Accept: 'text/html,*/*;q=0.8', 'Accept-Language': 'en', ...headers });
    for (const [name, value] of new Headers(init.headers)) all.set(name, value);
    const cookie = cookies.headerFor(url);
    if (cookie) all.set('Cookie', cookie);
    return all;
  }

  return {
    cookies,
    visit: (url) => send(new URL(url, origin)),
    submit(page, fields = {}, choice = {}) {
      const { form, button } = choose(page, choice);
      const pressed = button?.name ? { [button.name]: button.value } : {};
      const body = new URLSearchParams({ ...form.fields, ...fields, ...pressed });
      if (form.method === 'get') return send(new URL(`?${body.toString()}`, form.action));
      return send(form.action, { method: 'POST', body });
    },
  };
}

/** `<meta http-equiv="refresh" content="0; url=…">` */
export function refreshOf({ document, url }: Page): URL | undefined {
  const meta = findAll(document, 'meta').find(({ attributes }) => attributes['http-equiv'] === 'refresh');
  const target = /^0; url=(.+)$/.exec(meta?.attributes['content'] ?? '')?.[1];
  return target === undefined ? undefined : new URL(target, url);
}

function choose(page: Page, choice: ButtonChoice): { form: Form; button: Button | undefined } {
  for (const form of page.forms) {
    if (choice.form !== undefined && !form.action.pathname.endsWith(choice.form)) continue;
    const button = form.buttons.find((button) => matches(button, choice));
    if (button || form.buttons.length === 0) return { form, button };
  }
  throw new Error(
    `no button ${JSON.stringify(choice)} on the page "${page.heading}" (${page.status} ${page.url.href})`,
  );
}

function matches(button: Button, { text, name, value }: ButtonChoice): boolean {
  return (
    (text === undefined || button.text === text) &&
    (name === undefined || button.name === name) &&
    (value === undefined || button.value === value)
  );
}

async function readPage(url: URL, response: Response, leavesTo: URL | undefined): Promise<Page> {
  const html = await response.text();
  const document = parseHtml(html);
  const [heading] = findAll(document, 'h1');
  const [body] = findAll(document, 'body');
  return {
    url,
    status: response.status,
    headers: response.headers,
    html,
    document,
    text: textOf(body ?? document),
    heading: heading ? textOf(heading) : '',
    forms: findAll(document, 'form').map((form) => readForm(form, url)),
    leavesTo,
  };
}

function readForm(form: Element, url: URL): Form {
  const inputs = findAll(form, 'input').filter(({ attributes }) => attributes['name'] && isSent(attributes));
  return {
    action: new URL(form.attributes['action'] ?? '', url),
    method: (form.attributes['method'] ?? 'get').toLowerCase(),
    fields: Object.fromEntries([
      ...inputs.map(({ attributes }) => [attributes['name'] ?? '', attributes['value'] ?? '']),
      ...findAll(form, 'textarea').map((area) => [area.attributes['name'] ?? '', contentOf(area)]),
      ...findAll(form, 'select').map((select) => [select.attributes['name'] ?? '', chosenOf(select)]),
    ]),
    buttons: findAll(form, 'button').map((button) => ({
      name: button.attributes['name'] ?? '',
      value: button.attributes['value'] ?? '',
      text: textOf(button),
    })),
  };
}

/** HTML, the textarea element: a line break right after the tag is none of its content. */
function contentOf({ children }: Element): string {
  return children
    .filter((child) => typeof child === 'string')
    .join('')
    .replace(/^\n/, '');
}

function chosenOf(select: Element): string {
  const options = findAll(select, 'option');
  const chosen = options.find(({ attributes }) => attributes['selected'] !== undefined) ?? options[0];
  return chosen?.attributes['value'] ?? '';
}

function isSent({ type, checked }: Readonly<Record<string, string>>): boolean {
  return type !== 'checkbox' || checked !== undefined;
}
