import path from 'node:path';

/** The parts of V8's format that are read here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

const FUNCTIONS_SHOWN = 30;
const AREAS_SHOWN = 40;
const ROOT = path.join(import.meta.dirname, '..');
/** Not work of anybody. */
const IDLE = '(idle)';

/**
 * Two tables. Areas: where time is spent, with what Node itself does for a package counted to that package, so that
 * "pg" includes the writing to its socket. Functions: self time, V8's and Node's own among them.
 */
export function summariseProfile(profile: CpuProfile, steps: number): string {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id])),
  );
  const areas = new Map<string, number>();
  const functions = new Map<string, number>();
  let total = 0;
  profile.samples.forEach((id, index) => {
    const node = nodes.get(id);
    const micros = profile.timeDeltas[index] ?? 0;
    if (!node || node.callFrame.functionName === IDLE) return;
    total += micros;
    add(areas, areaOf(node, nodes, parents), micros);
    add(functions, nameOf(node), micros);
  });
  const table = (heading: string, counted: Map<string, number>, shown: number) =>
    [
      `  ${heading}`,
      ...[...counted]
        .toSorted(([, a], [, b]) => b - a)
        .slice(0, shown)
        .map(([name, micros]) => `  ${share(micros / total)} ${each(micros / steps)}  ${name}`),
    ].join('\n');
  return [
    table('share, µs each: by area', areas, AREAS_SHOWN),
    table('share, µs each: by function, self time', functions, FUNCTIONS_SHOWN),
  ].join('\n');
}

function add(counted: Map<string, number>, name: string, micros: number): void {
  counted.set(name, (counted.get(name) ?? 0) + micros);
}

function areaOf(
  node: ProfileNode,
  nodes: ReadonlyMap<number, ProfileNode>,
  parents: ReadonlyMap<number, number>,
): string {
  if (node.callFrame.functionName === '(garbage collector)') return 'garbage collection';
  for (let at: ProfileNode | undefined = node; at; at = nodes.get(parents.get(at.id) ?? -1)) {
    const { url } = at.callFrame;
    if (url.startsWith('file:')) return fileArea(url);
  }
  return builtInArea(node, nodes, parents);
}

/** Work that begins in Node and calls nobody: reading from sockets, writing what was queued, timers. */
function builtInArea(
  node: ProfileNode,
  nodes: ReadonlyMap<number, ProfileNode>,
  parents: ReadonlyMap<number, number>,
): string {
  let outermost = '';
  for (let at: ProfileNode | undefined = node; at; at = nodes.get(parents.get(at.id) ?? -1)) {
    if (at.callFrame.url.startsWith('node:')) outermost = at.callFrame.url;
  }
  return outermost === '' ? `node ${node.callFrame.functionName}` : `node, begun in ${outermost}`;
}

function fileArea(url: string): string {
  const [, packageName] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? [];
  if (packageName !== undefined) return packageName;
  return shorten(url);
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name}  ${shorten(url)}:${lineNumber + 1}`;
}

function shorten(url: string): string {
  return url.replace(`file://${ROOT}/`, '').replace('node_modules/', '');
}

function share(fraction: number): string {
  return `${(fraction * 100).toFixed(1).padStart(5)} %`;
}

function each(micros: number): string {
  return micros.toFixed(1).padStart(7);
}
