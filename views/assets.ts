import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

/** One file of `assets/`. Its address holds its content's hash, so a copy of it never goes stale. */
export interface Asset {
  readonly name: string;
  readonly url: string;
  readonly type: string;
  readonly etag: string;
  readonly body: Buffer;
}

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
};

/** 64 bits tell versions of one file apart. */
const HASH_LENGTH = 16;

/** Read once, at start: an address can only name what was in the folder then. */
export function loadAssets(): readonly Asset[] {
  const folder = join(import.meta.dirname, 'assets');
  const files = readdirSync(folder).map((name) => asset(name, readFileSync(join(folder, name))));
  return [
    ...files,
    asset('guichet.css', stylesheet('styles')),
    // Apart, so that people who sign in do not load it.
    asset('console.css', stylesheet('console-styles')),
  ];
}

/** The parts of a folder, in the order of their names: one request for the reader. */
function stylesheet(name: string): Buffer {
  const folder = join(import.meta.dirname, name);
  return Buffer.concat(
    readdirSync(folder)
      .toSorted()
      .map((file) => readFileSync(join(folder, file))),
  );
}

export function assetUrl(assets: readonly Asset[], name: string): string {
  const found = assets.find(({ name: known }) => known === name);
  if (!found) throw new Error(`views/assets has no ${name}`);
  return found.url;
}

export function asset(name: string, body: Buffer): Asset {
  const extension = extname(name);
  const type = TYPES[extension];
  if (!type) throw new Error(`views/assets/${name} is of a type that is not served`);
  const digest = hash('sha256', body).slice(0, HASH_LENGTH);
  return {
    name,
    url: `/assets/${name.slice(0, -extension.length)}.${digest}${extension}`,
    type,
    etag: `"${digest}"`,
    body,
  };
}
