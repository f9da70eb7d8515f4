import { describe, expect, test } from 'vitest';

import { LANGUAGES } from '../../views/language.ts';
import type { MailLocals, MailTemplate } from '../../views/locals/mail.ts';
import { harmless } from '../../views/mail/harmless.ts';
import { composeLetter } from '../../views/mail/letter.ts';
import { createMailViews } from '../../views/mail/render.ts';
import { mailSamples } from '../../views/samples/mail.ts';
import { LINK_MAILS, NOTICES } from '../../src/mail/mail.ts';
import { findAll, parseHtml, textOf, type Element } from '../support/html.ts';

const ISSUER = 'https://login.example.org';
const brand = { name: 'Atelier & Sons', color: undefined };
const views = createMailViews({ issuer: ISSUER, brand });

const mails = Object.keys(mailSamples)
  .filter((name): name is MailTemplate => name in mailSamples)
  .flatMap((template) => LANGUAGES.map((language) => ({ template, language })));

test('every kind of mail has a sample', () => {
  expect(Object.keys(mailSamples)).toEqual(expect.arrayContaining([...LINK_MAILS, ...NOTICES]));
});

describe.each(mails)('$template in $language', ({ template, language }) => {
  const locals: MailLocals[MailTemplate] = mailSamples[template];
  const letter = composeLetter({ issuer: ISSUER, brand: brand.name }, template, locals, language);
  const mail = views.render(template, locals, language);
  const document = parseHtml(mail.html);
  const read = textOf(findAll(document, 'body')[0] ?? document);

  test('says the same in both forms', () => {
    const said = [
      letter.greeting,
      ...letter.paragraphs,
      letter.otherwise,
      letter.why,
      letter.limit ?? '',
      letter.action?.label ?? '',
      letter.action?.url ?? '',
      ...letter.facts.flatMap(({ label, value }) => [label, value]),
    ];
    const plain = mail.text.replaceAll(/\s+/g, ' ');
    for (const sentence of said.map((each) => each.replaceAll(/\s+/g, ' '))) {
      expect(read.replaceAll(/\s+/g, ' ')).toContain(sentence);
      expect(plain).toContain(sentence);
    }
    expect(mail.text + read).not.toMatch(/undefined|\[object|NaN|&amp;/);
    expect(mail.subject).toBe(textOf(findAll(document, 'h1')[0] ?? document));
    expect(mail.text).not.toMatch(/\n{3}| $/);
  });

  test('leads to this server only, and loads and runs nothing', () => {
    const links = findAll(document, 'a').map(({ attributes }) => attributes['href']);
    expect(links).toEqual(mail.link === undefined ? [] : [mail.link]);
    const addresses = [...`${mail.text}${mail.html}`.matchAll(/\w+:\/\/[^\s<"]+/g)].map(([url]) => url);
    for (const url of [...links, ...addresses]) expect(new URL(url ?? '').origin).toBe(ISSUER);
    expect(
      findAll(document, 'img', 'script', 'style', 'link', 'iframe', 'form', 'object', 'base', 'video'),
    ).toEqual([]);
    expect(mail.html).not.toMatch(/url\(|@import|\son\w+=|background-image/i);
  });

  test('is in its language, and tells who sent it, why, and what to do', () => {
    expect(findAll(document, 'html')[0]?.attributes['lang']).toBe(language);
    for (const part of [mail.text, read]) expect(part).toContain('Atelier & Sons · login.example.org');
    expect(mail.subject).toContain(brand.name);
    expect(mail.subject.length).toBeLessThan(80);
  });

  test('escapes what others chose, and makes no link of it', () => {
    const hostile = `Win https://evil.example/x www.evil.example a@evil.example\r\nBcc: b@evil.example"'><img src=x>`;
    const attacked = views.render(template, poisoned(locals, hostile), language);
    const shape = (html: string): [string, string[]][] =>
      findAll(parseHtml(html)).map(({ name, attributes }: Element) => [name, Object.keys(attributes)]);
    expect(shape(attacked.html)).toEqual(shape(views.render(template, poisoned(locals, 'x'), language).html));
    expect(attacked.text + attacked.html).not.toMatch(/evil\.example|https:\/\/evil|@evil/);
    expect(attacked.subject).not.toMatch(/[\r\n]/);
  });
});

/** What people and clients choose; paths, addresses and times are ours. */
const CHOSEN = new Set(['name', 'device', 'provider', 'inviter', 'client', 'label', 'left']);

function poisoned<Locals extends object>(locals: Locals, text: string): Locals {
  const copy = { ...locals };
  for (const key of Object.keys(copy)) if (CHOSEN.has(key)) Reflect.set(copy, key, text);
  return copy;
}

test.each(['https://evil.example/x', '//evil.example/x', '/\\evil.example/x', 'links/x'])(
  'a path that leads away is refused: %s',
  (path) => {
    const locals = { path, validSeconds: 60 };
    expect(() => views.render('password-reset', locals, 'en')).toThrow('leads away');
  },
);

test('what is missing is not spoken of', () => {
  const { text } = views.render('new-device', { at: new Date('2031-05-06T07:20:00Z') }, 'en');
  expect(text).toContain('Hello,\n');
  expect(text).toContain('When: May 6, 2031 at 07:20:00 UTC');
  expect(text).not.toMatch(/Device:|IP address:|App:/);
});

test.each([
  ['Ada Lovelace', 'Ada Lovelace'],
  ['J.R.R. Tolkien', 'J. R. R. Tolkien'],
  ['evil.example', 'evil. example'],
  ['a\u202eb\u0007c\u200bd', 'a b c d'],
  ['x'.repeat(99), `${'x'.repeat(59)}…`],
  ['evil\u3002example', 'evil\u3002 example'],
])('a name that somebody chose, %j, is written %j', (text, shown) => {
  expect(harmless(text)).toBe(shown);
});

test.each([
  ['#ffffff', '#000000'],
  ['#0f6355', '#ffffff'],
  ['#ffd400', '#000000'],
])('on a button of the colour %s stands %s', (color, onColor) => {
  const colored = createMailViews({ issuer: ISSUER, brand: { name: 'X', color } });
  const { html } = colored.render('password-reset', mailSamples['password-reset'], 'en');
  expect(html).toContain(`background:${color};color:${onColor}`);
});
