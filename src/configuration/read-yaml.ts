import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  visit,
} from 'yaml';
import type { Document, Node, Pair } from 'yaml';

import { isStorable } from '../db/text.ts';
import { ConfigurationRefused, textOf, type Path, type PlacedProblem, type Problem } from './problem.ts';

/** Two thousand clients, described at length. */
const FILE_BYTES_MAX = 2 * 1024 * 1024;
/** A key's certificate in a client's key set is eight deep. The parser goes down with each level, and its cost with the square. */
const FLOW_DEPTH_MAX = 20;
const INDENT_MAX = 100;

/** A text that was read, and where in it things stand. */
export interface ReadText {
  readonly value: unknown;
  readonly place: (problem: Problem) => PlacedProblem;
}

/**
 * Reads YAML 1.2 (and so JSON). What would let a reader see something else than the program is refused: doubled keys, aliases, anchors,
 * tags, several documents. Throws {@link ConfigurationRefused}.
 */
export function readYaml(text: string): ReadText {
  refuseOversized(text);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    stringKeys: true,
    // Checked below: the parser compares every key with every other.
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems: PlacedProblem[] = document.errors.map((error) => ({
    path: '',
    message: `${error.message} (YAML)`,
    ...at(error.pos[0]),
  }));
  if (problems.length === 0) problems.push(...findUnreadable(document, at));
  if (problems.length > 0) throw new ConfigurationRefused(problems);
  return {
    value: document.toJS({ maxAliasCount: 0 }),
    place: ({ path, message, isName = false }) => ({
      path: textOf(path),
      message,
      ...at(findOffset(document.contents, path, isName)),
    }),
  };
}

function refuseOversized(text: string): void {
  if (Buffer.byteLength(text) > FILE_BYTES_MAX) refuse(`The file has more than ${FILE_BYTES_MAX} bytes.`);
  const deep = text
    .split('\n')
    .findIndex((line) => (/^[\s\-?:&!]*/.exec(line)?.[0].length ?? 0) > INDENT_MAX);
  if (deep !== -1) refuse(`Line ${deep + 1} is indented by more than ${INDENT_MAX} characters.`);
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth += 1;
    if (token === ']' || token === '}') depth -= 1;
    if (depth > FLOW_DEPTH_MAX) refuse(`There are more than ${FLOW_DEPTH_MAX} brackets within each other.`);
  }
}

function refuse(message: string): never {
  throw new ConfigurationRefused([{ path: '', message }]);
}

type At = (offset: number) => { line: number; column: number };

function findUnreadable(document: Document, at: At): PlacedProblem[] {
  const problems: PlacedProblem[] = [];
  const report = (node: unknown, message: string) => {
    problems.push({ path: '', message, ...at(offsetOf(node)) });
  };
  visit(document, {
    Node(_key, node) {
      if (isAlias(node)) return report(node, 'Aliases are not read: write it out, so that a reader sees it.');
      if (node.anchor) report(node, 'Anchors are not read: write it out where it belongs.');
      if (node.tag !== undefined) report(node, 'Tags are not read.');
      if (isScalar(node) && typeof node.value === 'string' && !isStorable(node.value)) {
        report(node, 'This text has a NUL or half a character.');
      }
      if (isMap(node)) for (const key of doubled(node.items)) report(key, 'This key is there twice.');
      return undefined;
    },
  });
  return problems;
}

function doubled(items: readonly Pair[]): unknown[] {
  const seen = new Set<unknown>();
  return items.flatMap(({ key }) => {
    const name = isScalar(key) ? key.value : key;
    if (seen.has(name)) return [key];
    seen.add(name);
    return [];
  });
}

/** Of the deepest node on the path that is there. */
function findOffset(root: unknown, path: Path, isName: boolean): number {
  let node: unknown = root;
  let offset = offsetOf(root);
  for (const [index, step] of path.entries()) {
    const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && key.value === step) : undefined;
    const next = isSeq(node) && typeof step === 'number' ? node.items[step] : pair?.value;
    if (pair && (isName || !isNode(next)) && index === path.length - 1) return offsetOf(pair.key);
    if (!isNode(next)) return offset;
    offset = offsetOf(next);
    node = next;
  }
  return offset;
}

function offsetOf(node: unknown): number {
  if (isPair(node)) return offsetOf(node.key);
  return isNode(node) ? ((node as Node).range?.[0] ?? 0) : 0;
}
