/**
 * Mails: one letter, two forms. What is said is decided once (`letter.ts`), so the text and the HTML cannot disagree. The HTML
 * loads nothing, runs nothing and sets no background, so that it is readable wherever a mail program turns colours around.
 */
import { Eta } from 'eta';

import { CATALOGUES, type Language } from '../language.ts';
import type { MailLocals, MailTemplate } from '../locals/mail.ts';
import { composeLetter } from './letter.ts';

export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** What the button opens. */
  readonly link: string | undefined;
}

export interface MailViews {
  render<Name extends MailTemplate>(
    template: Name,
    locals: MailLocals[Name],
    language: Language,
  ): RenderedMail;
}

export interface MailBrand {
  readonly name: string;
  /** `#rrggbb`. */
  readonly color: string | undefined;
}

/** The accent of the pages. */
const COLOR = '#0f6355';

export function createMailViews({ issuer, brand }: { issuer: string; brand: MailBrand }): MailViews {
  const views = import.meta.dirname;
  const html = new Eta({ views, cache: true, autoEscape: true });
  // Plain text has nothing to escape.
  const text = new Eta({ views, cache: true, autoEscape: false, autoTrim: false });
  const color = brand.color ?? COLOR;
  const fixed = { brand: brand.name, host: new URL(issuer).host, color, onColor: readableOn(color) };

  return {
    render(template, locals, language) {
      const letter = composeLetter({ issuer, brand: brand.name }, template, locals, language);
      const surroundings = { ...fixed, language, text: CATALOGUES[language].mail, letter };
      return {
        subject: letter.subject,
        text: text.render('./text', surroundings),
        html: html.render('./html', surroundings),
        link: letter.action?.url,
      };
    },
  };
}

/** Black or white, whichever has the greater contrast (WCAG 2.2, relative luminance). */
function readableOn(color: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? '#ffffff' : '#000000';
}
