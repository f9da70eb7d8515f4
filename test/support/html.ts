/** As much of HTML as our own pages and the library's use, so that tests can ask what is on a page without a browser. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: (Element | string)[];
}

const VOID = new Set(['area', 'base', 'br', 'col', 'hr', 'img', 'input', 'link', 'meta', 'source', 'wbr']);
const RAW = new Set(['script', 'style']);
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

const TOKEN =
  /<!--[\s\S]*?-->|<!doctype[^>]*>|<\/([a-z][\w-]*)\s*>|<([a-z][\w-]*)((?:\s+[^\s=>/"']+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]+))?)*)\s*(\/?)>|[^<]+|</gi;
const ATTRIBUTE = /([^\s=>/"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;

/** The document as a tree; its root has no name. */
export function parseHtml(html: string): Element {
  const root: Element = { name: '', attributes: {}, children: [] };
  const open: Element[] = [root];
  for (const [token, closed, opened, attributes, selfClosing] of html.matchAll(TOKEN)) {
    const parent = open.at(-1) ?? root;
    if (closed !== undefined) {
      const index = open.findLastIndex((element) => element.name === closed.toLowerCase());
      if (index > 0) open.length = index;
    } else if (opened !== undefined && !RAW.has(parent.name)) {
      const name = opened.toLowerCase();
      const element = { name, attributes: parseAttributes(attributes ?? ''), children: [] };
      parent.children.push(element);
      if (!VOID.has(name) && selfClosing !== '/') open.push(element);
    } else if (!token.startsWith('<!')) {
      parent.children.push(decode(token));
    }
  }
  return root;
}

/** Every element below, in document order; with a name, those of that name. */
export function findAll(element: Element, ...names: string[]): Element[] {
  const found: Element[] = [];
  for (const child of element.children) {
    if (typeof child === 'string') continue;
    if (names.length === 0 || names.includes(child.name)) found.push(child);
    found.push(...findAll(child, ...names));
  }
  return found;
}

export function textOf(element: Element): string {
  const text = element.children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
  return text.replaceAll(/[ \t\r\n]+/g, ' ').trim();
}

function parseAttributes(text: string): Record<string, string> {
  const pairs = [...text.matchAll(ATTRIBUTE)].map(([, name = '', double, single, bare]) => {
    return [name.toLowerCase(), decode(double ?? single ?? bare ?? '')] as const;
  });
  return Object.fromEntries(pairs);
}

function decode(text: string): string {
  return text.replaceAll(
    /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi,
    (entity, hex?: string, decimal?: string, name?: string) => {
      if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (decimal) return String.fromCodePoint(Number(decimal));
      return ENTITIES[name ?? ''] ?? entity;
    },
  );
}
