import { english, type Catalogue } from './texts/english.ts';
import { french } from './texts/french.ts';

export const LANGUAGES = ['en', 'fr'] as const;
export type Language = (typeof LANGUAGES)[number];

export const CATALOGUES = { en: english, fr: french } satisfies Record<Language, Catalogue>;

/** People list a handful of languages; whoever lists more is not reading. */
const TAGS_MAX = 20;

/**
 * The first language both sides have: `ui_locales` (OIDC Core §3.1.2.1, in order of preference) is what the app knows of its
 * user and comes before the browser's Accept-Language (RFC 9110 §12.5.4). English when nothing fits.
 */
export function chooseLanguage(uiLocales: string | undefined, acceptLanguage: string | undefined): Language {
  const asked = (uiLocales ?? '').split(' ').slice(0, TAGS_MAX);
  const found = [...asked, ...acceptedTags(acceptLanguage ?? '')]
    .map(languageOf)
    .find((language) => language !== undefined);
  return found ?? 'en';
}

function acceptedTags(header: string): string[] {
  const ranges = header.split(',').slice(0, TAGS_MAX).map(parseRange);
  return ranges
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag);
}

function parseRange(range: string): { tag: string; weight: number } {
  const [tag = '', ...parameters] = range.split(';').map((part) => part.trim());
  const quality = parameters.find((parameter) => parameter.startsWith('q='));
  const weight = quality === undefined ? 1 : Number(quality.slice(2));
  return { tag, weight: Number.isFinite(weight) ? weight : 0 };
}

/** By primary subtag: `fr-CA` reads French. */
function languageOf(tag: string): Language | undefined {
  const primary = tag.toLowerCase().split('-')[0];
  return LANGUAGES.find((language) => language === primary);
}
