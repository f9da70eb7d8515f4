/**
 * The pages people see: templates, their texts, their looks. This folder owns how a page reads; what is on it, and what a
 * button does, is the doors' business. Templates escape everything they print, hold no script and no style (but for passkeys, which need one: assets/passkeys.js), and every
 * action is a plain form. WCAG 2.2 AA; RFC 9700 §4.16 (nothing from third parties).
 */
import { Eta } from 'eta';

import { asset, assetUrl, loadAssets, type Asset } from './assets.ts';
import { duration } from './duration.ts';
import { CATALOGUES, type Language } from './language.ts';
import { moment } from './moment.ts';
import type { PageLocals, PageName, Surroundings } from './pages.ts';
import { accentStyles } from './palette.ts';

export interface Views {
  readonly assets: readonly Asset[];
  /** A whole HTML document. */
  render<Name extends PageName>(name: Name, page: PageLocals[Name], language: Language): string;
}

export interface ViewsConfig {
  readonly issuer: string;
  readonly brand: {
    readonly name: string;
    readonly logo: { readonly type: string; readonly body: Buffer } | undefined;
    readonly color: string | undefined;
  };
}

export function createViews({ issuer, brand }: ViewsConfig): Views {
  const eta = new Eta({ views: import.meta.dirname, cache: true, autoEscape: true });
  const own = brandFiles(brand);
  const assets = [...loadAssets(), ...own];
  const fixed = {
    host: new URL(issuer).host,
    brand: brand.name,
    logo: own.find(({ name }) => name.startsWith('brand-logo'))?.url,
    accent: own.find(({ name }) => name === 'brand-accent.css')?.url,
    stylesheet: assetUrl(assets, 'guichet.css'),
    consoleStylesheet: assetUrl(assets, 'console.css'),
    icon: assetUrl(assets, 'icon.svg'),
    passkeyScript: assetUrl(assets, 'passkeys.js'),
  };

  function surroundings(language: Language): Surroundings {
    const text = CATALOGUES[language];
    return {
      ...fixed,
      language,
      text,
      duration: (seconds) => duration(language, seconds),
      moment: (at, timeZone) => moment(language, at, timeZone),
    };
  }

  return {
    assets,
    render: (name, page, language) => eta.render(`./${name}`, { ...surroundings(language), page }),
  };
}

const ENDINGS: Readonly<Record<string, string>> = {
  'image/svg+xml': '.svg',
  'image/png': '.png',
  'image/jpeg': '.jpg',
  'image/webp': '.webp',
};

function brandFiles({ logo, color }: ViewsConfig['brand']): Asset[] {
  return [
    ...(logo ? [asset(`brand-logo${ENDINGS[logo.type]}`, logo.body)] : []),
    ...(color === undefined ? [] : [asset('brand-accent.css', Buffer.from(accentStyles(color)))]),
  ];
}
