import { UpstreamError } from './problem.ts';

/** XML as far as SAML needs it: what attacks are made of is refused as text, before any parser sees it. */

export const NS = {
  protocol: 'urn:oasis:names:tc:SAML:2.0:protocol',
  assertion: 'urn:oasis:names:tc:SAML:2.0:assertion',
  metadata: 'urn:oasis:names:tc:SAML:2.0:metadata',
  signature: 'http://www.w3.org/2000/09/xmldsig#',
  encryption: 'http://www.w3.org/2001/04/xmlenc#',
} as const;

/** The part of the DOM that is used here, so that nothing else is. */
export interface XmlElement {
  readonly localName: string;
  readonly namespaceURI: string | null;
  readonly childNodes: ArrayLike<XmlNode>;
  readonly attributes: ArrayLike<{ readonly name: string; readonly value: string }>;
  hasAttribute(name: string): boolean;
  getAttribute(name: string): string | null;
  /** With the namespaces that it inherits. */
  toString(): string;
}

interface XmlNode {
  readonly nodeType: number;
  readonly nodeValue: string | null;
}

const ELEMENT = 1;
const TEXT = 3;
const COMMENT = 8;

/** Entities, comments and CDATA sections all begin with `<!`; of instructions, only the XML declaration is a usual one. */
const DECLARATION = /^\s*<\?xml\s[^<>?]*\?>/;
const COMMENTS = /<!--(?:(?!--)[\s\S])*-->/g;

/** A parser descends as deep as the document goes; honest ones go to about fifteen. */
const DEPTH_MAX = 50;

/**
 * Throws `wrong` for what is not a harmless document. `withComments` is for metadata, which people write and nobody signs
 * in with; text around a comment is still refused where it is read.
 */
export async function parseXml(
  xml: string,
  { withComments = false }: { withComments?: boolean } = {},
): Promise<XmlElement> {
  const body = xml.replace(DECLARATION, '');
  const screened = withComments ? body.replaceAll(COMMENTS, '') : body;
  if (/<[!?]/.test(screened)) throw wrong('the document has declarations, comments or instructions');
  // XML 1.0 §2.2; U+FFFD stands for bytes that were no UTF-8.
  if (/[\p{Cc}\ufffd-\uffff]/u.test(xml.replaceAll(/[\t\n\r]/g, ''))) throw wrong('the document is not text');
  refuseDepth(screened);
  const { parseDomFromString } = await import('@node-saml/node-saml/lib/xml.js');
  let root: unknown;
  try {
    root = (await parseDomFromString(xml)).documentElement;
  } catch (error) {
    throw wrong('the document is not XML', error);
  }
  if (typeof root !== 'object' || root === null) throw wrong('the document is empty');
  return root as XmlElement;
}

export function isElement(element: XmlElement, namespace: string, name: string): boolean {
  return element.localName === name && element.namespaceURI === namespace;
}

export function childrenOf(parent: XmlElement, namespace?: string, name?: string): XmlElement[] {
  const elements = Array.from(parent.childNodes).filter(isElementNode);
  if (namespace === undefined || name === undefined) return elements;
  return elements.filter((element) => isElement(element, namespace, name));
}

/** The only child of that name. Throws `wrong` when there is none or more than one. */
export function onlyChild(parent: XmlElement, namespace: string, name: string): XmlElement {
  const [child, ...more] = childrenOf(parent, namespace, name);
  if (!child || more.length > 0) throw wrong(`there is not exactly one ${name}`);
  return child;
}

export function optionalChild(parent: XmlElement, namespace: string, name: string): XmlElement | undefined {
  return childrenOf(parent, namespace, name).length === 0 ? undefined : onlyChild(parent, namespace, name);
}

/** Text and nothing else, so that no two readers can put it together differently. Throws `wrong`. */
export function textOf(element: XmlElement): string {
  const nodes = Array.from(element.childNodes);
  if (nodes.some(({ nodeType }) => nodeType !== TEXT)) throw wrong(`${element.localName} is not plain text`);
  return nodes.map(({ nodeValue }) => nodeValue ?? '').join('');
}

/** '' where there is none. */
export function attributeOf(element: XmlElement, name: string): string {
  return element.getAttribute(name) ?? '';
}

/** The element and all below it. */
export function* everyElement(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of childrenOf(element)) yield* everyElement(child);
}

export function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}

export function wrong(detail: string, cause?: unknown): UpstreamError {
  return new UpstreamError('wrong', detail, cause === undefined ? {} : { cause });
}

/** By tags alone: `>` within an attribute's value counts too little, `<` cannot stand there (XML 1.0 §2.3). */
function refuseDepth(xml: string): void {
  let depth = 0;
  for (const [tag] of xml.matchAll(/<[^<>]*>?/g)) {
    if (tag.startsWith('</')) depth -= 1;
    else if (!tag.endsWith('/>')) depth += 1;
    if (depth > DEPTH_MAX) throw wrong('the document is nested too deeply');
  }
}

function isElementNode(node: XmlNode): node is XmlNode & XmlElement {
  if (node.nodeType !== ELEMENT && node.nodeType !== TEXT && node.nodeType !== COMMENT) {
    throw wrong('the document has parts of an unknown kind');
  }
  return node.nodeType === ELEMENT;
}
