/** Languages that apps are most often written in (OIDC Core §5.1, `locale`); others may be stored by operators. */
const TAGS = [
  'ar',
  'bg',
  'ca',
  'cs',
  'da',
  'de',
  'el',
  'en',
  'en-GB',
  'en-US',
  'es',
  'et',
  'fa',
  'fi',
  'fr',
  'fr-CA',
  'ga',
  'he',
  'hi',
  'hr',
  'hu',
  'id',
  'it',
  'ja',
  'ko',
  'lt',
  'lv',
  'nb',
  'nl',
  'pl',
  'pt',
  'pt-BR',
  'ro',
  'ru',
  'sk',
  'sl',
  'sr',
  'sv',
  'th',
  'tr',
  'uk',
  'vi',
  'zh-Hans',
  'zh-Hant',
] as const;

export interface Locale {
  readonly tag: string;
  /** In the language itself: whoever reads it finds it. */
  readonly name: string;
}

/** Languages to choose from, and the one that is stored, if it is another. */
export function localesWith(stored: string): Locale[] {
  const isKnown = stored === '' || TAGS.some((tag) => tag === stored);
  return [...(isKnown ? [] : [stored]), ...TAGS].map((tag) => ({ tag, name: nameOf(tag) }));
}

function nameOf(tag: string): string {
  try {
    const name = new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? tag;
    return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1);
  } catch {
    return tag;
  }
}
