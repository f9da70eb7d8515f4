import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

import { LANGUAGES, chooseLanguage, type Language } from '../views/language.ts';
import { duration } from '../views/duration.ts';
import type { PageLocals, PageName } from '../views/pages.ts';
import { createViews } from '../views/render.ts';
import { samples } from '../views/samples/samples.ts';
import { contrast, paletteOf } from './support/contrast.ts';
import { findAll, parseHtml, textOf, type Element } from './support/html.ts';

const VIEWS = path.join(import.meta.dirname, '../views');
const ISSUER = 'https://login.example.org';
const views = createViews({ issuer: ISSUER, brand: { name: 'Guichet', logo: undefined, color: undefined } });

/** Meant to break out of text, attributes, URLs and comments. */
const HOSTILE = `"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}<%= 7*7 %>\u0000-->`;

const pages = Object.keys(samples)
  .filter(isPageName)
  .flatMap((name) =>
    Object.entries<PageLocals[PageName]>(samples[name]).flatMap(([state, page]) =>
      languagesOf(name).map((language) => ({ id: `${name} ${state} ${language}`, name, page, language })),
    ),
  );

/** The console speaks English, as the command line does. */
function languagesOf(name: PageName): readonly Language[] {
  return name.startsWith('console-') ? ['en'] : LANGUAGES;
}

function isPageName(name: string): name is PageName {
  return Object.hasOwn(samples, name);
}

function render({ name, page, language }: (typeof pages)[number], addition = ''): Element {
  const locals = structuredClone(page);
  append(locals, addition);
  return parseHtml(views.render(name, locals, language));
}

describe.each(pages)('$id', (sample) => {
  const document = render(sample);
  const elements = findAll(document);

  test('is a page in its language with one title and one h1', () => {
    const [html] = findAll(document, 'html');
    expect(html?.attributes['lang']).toBe(sample.language);
    expect(findAll(document, 'title').map(textOf)).toEqual([
      expect.stringMatching(/.+ · login\.example\.org$/),
    ]);
    expect(findAll(document, 'h1')).toHaveLength(1);
    expect(findAll(document, 'main')).toHaveLength(1);
    expect(textOf(document)).not.toMatch(/undefined|\[object|NaN/);
  });

  test('has headings that do not skip a level', () => {
    const levels = findAll(document, 'h1', 'h2', 'h3').map((heading) => Number(heading.name.slice(1)));
    expect(levels[0]).toBe(1);
    for (const [index, level] of levels.entries())
      expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1);
  });

  test('has no script but that of passkeys, no inline style and nothing of third parties', () => {
    expect(findAll(document, 'style', 'iframe', 'object', 'base')).toEqual([]);
    for (const script of findAll(document, 'script')) {
      expect(script.attributes['src']).toMatch(/^\/assets\/passkeys\.[0-9a-f]{16}\.js$/);
      expect(script.children).toEqual([]);
      expect(elements.filter(({ attributes }) => 'data-passkey' in attributes)).toHaveLength(1);
    }
    for (const { attributes } of elements) {
      expect(Object.keys(attributes).filter((name) => name === 'style' || name.startsWith('on'))).toEqual([]);
    }
    for (const { attributes } of findAll(document, 'link', 'img', 'source')) {
      expect(attributes['href'] ?? attributes['src']).toMatch(/^\/assets\//);
    }
  });

  test('names every field, and says of every person whose password it takes', () => {
    for (const { attributes } of visibleInputs(document)) {
      expect(labelsFor(document, attributes['id'])).toHaveLength(1);
    }
    for (const field of findAll(document, 'input').filter(
      ({ attributes }) => attributes['type'] === 'password',
    )) {
      expect(field.attributes['autocomplete']).toMatch(/^(?:current|new)-password$/);
      // With passkeys in its list of suggestions or without (HTML, autofill detail tokens).
      const tokens = findAll(document, 'input').map(({ attributes }) =>
        attributes['autocomplete']?.split(' '),
      );
      expect(tokens.filter((token) => token?.[0] === 'username')).not.toEqual([]);
    }
    for (const button of findAll(document, 'button')) expect(textOf(button)).not.toBe('');
  });

  test('protects every form, and posts it to this server', () => {
    for (const form of findAll(document, 'form')) {
      // Looking for something changes nothing.
      if (form.attributes['role'] === 'search') continue;
      expect(form.attributes['method']).toBe('post');
      expect(form.attributes['action']).toMatch(/^\/[a-z]/);
      const names = new Set(findAll(form, 'input').map(({ attributes }) => attributes['name']));
      expect(names.has('csrf') || names.has('xsrf')).toBe(true);
    }
  });

  test('has unique ids, and refers to none that is missing', () => {
    const ids = elements.flatMap(({ attributes }) => attributes['id'] ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { attributes } of elements) {
      const references = `${attributes['for'] ?? ''} ${attributes['aria-describedby'] ?? ''}`
        .split(' ')
        .filter(Boolean);
      expect(ids).toEqual(expect.arrayContaining(references));
      if (attributes['href']?.startsWith('#')) expect(ids).toContain(attributes['href'].slice(1));
    }
    expect(elements.filter(({ attributes }) => 'autofocus' in attributes).length).toBeLessThanOrEqual(1);
  });

  test('opens what is not ours without telling where it comes from', () => {
    for (const { attributes } of findAll(document, 'a').filter(({ attributes }) => attributes['target'])) {
      expect(attributes['href']).toMatch(/^https:/);
      expect(attributes['rel']).toBe('noopener noreferrer');
    }
  });

  test('escapes whatever it is given', () => {
    const attacked = render(sample, HOSTILE);
    expect(shape(attacked)).toEqual(shape(render(sample, 'x')));
    expect(textOf(attacked)).not.toContain('49');
  });
});

describe('a form that comes back', () => {
  const refused = parseHtml(views.render('sign-in', samples['sign-in']['empty'] ?? never(), 'en'));

  test('says so in its title, in an alert, and at the fields it is about', () => {
    expect(textOf(findAll(refused, 'title')[0] ?? never())).toMatch(/^Problem: /);
    const alert = findAll(refused).find(({ attributes }) => attributes['role'] === 'alert');
    expect(alert?.attributes['id']).toBe('problems');
    for (const { attributes } of visibleInputs(refused).filter(
      ({ attributes }) => attributes['type'] !== 'checkbox',
    )) {
      expect(attributes['aria-invalid']).toBe('true');
      expect(attributes['aria-describedby']).toBe('problems');
    }
  });

  test('keeps what was typed, but never a password', () => {
    const rejected = parseHtml(views.render('sign-in', samples['sign-in']['rejected'] ?? never(), 'en'));
    const values = Object.fromEntries(
      visibleInputs(rejected).map(({ attributes }) => [attributes['name'], attributes]),
    );
    expect(values['identifier']?.['value']).toBe('ines');
    expect(values['password']?.['value']).toBeUndefined();
    expect(values['remember']).toHaveProperty('checked');
  });
});

describe('the consent page', () => {
  const everything = parseHtml(views.render('consent', samples.consent['everything'] ?? never(), 'en'));
  const said = textOf(everything);

  test('says who asks, for what, for how long, as whom, and where the answer goes', () => {
    for (const part of [
      'Atelier Notes',
      'Read your invoices',
      '30 days',
      'ines.moreau@example.org',
      'notes.example',
    ]) {
      expect(said).toContain(part);
    }
  });

  test('warns of a client that registered itself, and of no other', () => {
    const warning = 'Unverified app';
    expect(
      textOf(parseHtml(views.render('consent', samples.consent['unverified'] ?? never(), 'en'))),
    ).toContain(warning);
    expect(said).not.toContain(warning);
  });
});

describe('templates', () => {
  const files = readdirSync(VIEWS, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.eta'),
  );

  test.each(files)('%s prints nothing unescaped but other templates', (file) => {
    const raw = readFileSync(path.join(VIEWS, file), 'utf8').matchAll(/<%~\s*([\s\S]*?)%>/g);
    for (const [, code = ''] of raw)
      expect(code).toMatch(/^(?:it\.body|include\('\.\/(?:parts\/)?[a-z-]+', )/);
  });

  test('have a sample of every page', () => {
    const names = files
      .filter((file) => !file.includes('/') && !file.endsWith('layout.eta'))
      .map((file) => file.slice(0, -4));
    expect(names.sort()).toEqual(Object.keys(samples).sort());
  });
});

describe('the style sheet', () => {
  const css = String(views.assets.find(({ name }) => name === 'guichet.css')?.body);

  test('is small, and loads nothing', () => {
    expect(Buffer.byteLength(css)).toBeLessThanOrEqual(24 * 1024);
    expect(css).not.toMatch(/url\(|@import|@font-face/);
  });

  // WCAG 2.2, 1.4.3 for text and 1.4.11 for borders of fields and for the focus ring.
  test.each([
    ['--ink', '--card', 4.5],
    ['--ink', '--page', 4.5],
    ['--ink', '--sunken', 4.5],
    ['--quiet', '--card', 4.5],
    ['--quiet', '--page', 4.5],
    ['--quiet', '--sunken', 4.5],
    ['--accent', '--card', 4.5],
    ['--accent', '--sunken', 4.5],
    ['--accent-strong', '--card', 4.5],
    ['--on-accent', '--accent', 4.5],
    ['--on-accent', '--accent-strong', 4.5],
    ['--warning', '--warning-fill', 4.5],
    ['--problem', '--problem-fill', 4.5],
    ['--edge', '--card', 3],
    ['--problem', '--card', 3],
  ])('%s on %s has a contrast of at least %d in light and dark', (above, below, least) => {
    for (const scheme of ['light', 'dark'] as const) {
      const palette = paletteOf(css, scheme);
      expect(contrast(palette[above], palette[below])).toBeGreaterThanOrEqual(least);
    }
  });
});

describe('the language of a page', () => {
  test.each([
    [undefined, undefined, 'en'],
    [undefined, 'fr', 'fr'],
    [undefined, 'fr-CA,fr;q=0.8,en;q=0.5', 'fr'],
    [undefined, 'de, en;q=0.4, fr;q=0.6', 'fr'],
    [undefined, 'fr;q=0, en', 'en'],
    [undefined, 'fr;q=x', 'en'],
    [undefined, '*', 'en'],
    ['fr', 'en', 'fr'],
    ['de fr-BE en', 'en', 'fr'],
    ['de', 'fr', 'fr'],
    ['', '', 'en'],
  ])('for ui_locales %s and Accept-Language %s is %s', (uiLocales, accepted, language) => {
    expect(chooseLanguage(uiLocales, accepted)).toBe(language);
  });

  test('says durations in its own words, rounded up', () => {
    expect(duration('en', 1)).toBe('1 second');
    expect(duration('en', 121)).toBe('3 minutes');
    expect(duration('fr', 30 * 24 * 3600)).toBe('30\u00a0jours');
    expect(duration('en', 0)).toBe('1 second');
  });
});

function shape(root: Element): [string, string[]][] {
  return findAll(root).map(({ name, attributes }) => [name, Object.keys(attributes)]);
}

function visibleInputs(root: Element): Element[] {
  return findAll(root, 'input').filter(
    ({ attributes }) => attributes['type'] !== 'hidden' && !('hidden' in attributes),
  );
}

function labelsFor(root: Element, id: string | undefined): Element[] {
  return findAll(root, 'label').filter(({ attributes }) => id !== undefined && attributes['for'] === id);
}

/** Addresses, and the names of things that templates look up, stay as they are: nobody outside chooses them. */
const OURS = new Set(['kind', 'problem', 'about', 'action', 'homeUri', 'policyUri', 'tosUri', 'reason']);

/** Adds to every text below. */
function append(value: unknown, addition: string): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== 'string') append(item, addition);
    else if (!OURS.has(key)) Reflect.set(value, key, item + addition);
  }
}

function never(): never {
  throw new Error('the sample is missing');
}
