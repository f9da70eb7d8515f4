import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

import { contentSecurityPolicy } from '../../src/http/content-security-policy.ts';
import { LANGUAGES, type Language } from '../../views/language.ts';
import type { PageLocals, PageName } from '../../views/pages.ts';
import { accentStyles } from '../../views/palette.ts';
import { createViews } from '../../views/render.ts';
import { samples } from '../../views/samples/samples.ts';

export interface Exhibit {
  readonly name: PageName;
  readonly state: string;
}

/** Every page in every state. */
export const exhibits: readonly Exhibit[] = Object.entries(samples).flatMap(([name, states]) =>
  Object.keys(states).map((state) => ({ name: name as PageName, state })),
);

const LOGO = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" rx="9" fill="#7a1fa2"/><path d="M12 11h16v4H12zm0 7h16v4H12zm0 7h10v4H12z" fill="#fff"/></svg>',
);

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'));

/** The samples as pages over HTTP, under the policy that real ones have. `/<language>/<page>/<state>` */
export async function openGallery() {
  const issuer = 'https://login.example.org';
  const views = createViews({ issuer, brand: { name: 'Example', logo: undefined, color: undefined } });
  const server = createServer((req, res) => {
    if (req.url === '/axe.js') {
      const headers = { 'content-type': 'text/javascript', 'cache-control': 'max-age=3600' };
      return void res.writeHead(200, headers).end(AXE);
    }
    const [, first = '', name = '', state = ''] = (req.url ?? '').split('/');
    const asset = views.assets.find(({ url }) => url === req.url);
    if (asset) return void res.writeHead(200, { 'content-type': asset.type }).end(asset.body);
    if (name.startsWith('accent-')) {
      return void res
        .writeHead(200, { 'content-type': 'text/css' })
        .end(accentStyles(`#${name.slice(7, 13)}`));
    }
    if (name.startsWith('logo-'))
      return void res.writeHead(200, { 'content-type': 'image/svg+xml' }).end(LOGO);
    if (!isLanguage(first) || !isPageName(name)) return void res.writeHead(404).end();
    const page: PageLocals[PageName] | undefined = Object.entries<PageLocals[PageName]>(samples[name]).find(
      ([known]) => known === state,
    )?.[1];
    // A page that leads on by itself stays here.
    const html = views.render(name, page, first).replace(/<meta http-equiv="refresh"[^>]*>/, '');
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy(),
    };
    res.writeHead(200, headers).end(html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    /** Of the accessibility checker; from an address the browser keeps it compiled. */
    axe: `${origin}/axe.js`,
    url: ({ name, state }: Exhibit, language: Language) => `${origin}/${language}/${name}/${state}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function isLanguage(text: string): text is Language {
  return LANGUAGES.some((language) => language === text);
}

function isPageName(text: string): text is PageName {
  return Object.hasOwn(samples, text);
}
