import { isIPv4, isIPv6 } from 'node:net';

/** IP addresses as bytes, so that no two spellings of one address are ever taken for two. */
export interface Ip {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
}

export interface Cidr extends Ip {
  readonly bits: number;
}

/** Parses one textual address; a zone (`%eth0`) is dropped, because it names an interface of one host only. */
export function parseIp(text: string): Ip | undefined {
  if (!text.includes(':')) return isIPv4(text) ? { family: 4, bytes: ipv4Bytes(text) } : undefined;
  const zone = text.indexOf('%');
  const bare = zone === -1 ? text : text.slice(0, zone);
  return isIPv6(bare) ? { family: 6, bytes: ipv6Bytes(bare) } : undefined;
}

/** `10.0.0.0/8`, `fd00::/8`, or a single address. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length, ...rest] = text.split('/');
  const ip = parseIp(address);
  if (!ip || rest.length > 0) return undefined;
  const width = ip.bytes.length * 8;
  if (length === undefined) return { ...unmapped(ip), bits: isMapped(ip) ? 32 : width };
  if (!/^\d{1,3}$/.test(length) || Number(length) > width) return undefined;
  const bits = Number(length);
  return isMapped(ip) && bits >= 96 ? { ...unmapped(ip), bits: bits - 96 } : { ...ip, bits };
}

export function isWithin(cidr: Cidr, ip: Ip): boolean {
  if (cidr.family !== ip.family) return false;
  const whole = cidr.bits >> 3;
  for (let index = 0; index < whole; index += 1) if (cidr.bytes[index] !== ip.bytes[index]) return false;
  const rest = cidr.bits & 7;
  if (rest === 0) return true;
  const mask = 0xff << (8 - rest);
  return ((cidr.bytes[whole] ?? 0) & mask) === ((ip.bytes[whole] ?? 0) & mask);
}

/** `::ffff:a.b.c.d` is how a dual-stack socket shows an IPv4 peer; it is that IPv4 address. */
export function isMapped(ip: Ip): boolean {
  if (ip.family === 4) return false;
  for (let index = 0; index < 10; index += 1) if (ip.bytes[index] !== 0) return false;
  return ip.bytes[10] === 0xff && ip.bytes[11] === 0xff;
}

export function unmapped(ip: Ip): Ip {
  return isMapped(ip) ? { family: 4, bytes: ip.bytes.slice(12) } : ip;
}

/** Canonical text: dotted decimal, or RFC 5952. */
export function formatIp(ip: Ip): string {
  return ip.family === 4 ? ip.bytes.join('.') : formatIpv6(ip.bytes);
}

/** The network an address is in, as canonical text with its length: `2001:db8::/64`. */
export function networkOf(ip: Ip, bits: number): string {
  const bytes = ip.bytes.map((byte, index) => {
    const keep = Math.min(8, Math.max(0, bits - index * 8));
    return byte & (0xff << (8 - keep));
  });
  return `${formatIp({ family: ip.family, bytes })}/${bits}`;
}

function ipv4Bytes(text: string): Uint8Array {
  return Uint8Array.from(text.split('.'), Number);
}

function ipv6Bytes(text: string): Uint8Array {
  const dotted = text.includes('.') ? text.slice(text.lastIndexOf(':') + 1) : '';
  const tail = dotted ? [...ipv4Bytes(dotted)] : [];
  const groups = dotted ? text.slice(0, -dotted.length) : text;
  const [left = '', right] = groups.split('::');
  const head = groupBytes(left);
  const end = [...groupBytes(right ?? ''), ...tail];
  const bytes = new Uint8Array(16);
  bytes.set(right === undefined ? [...head, ...end] : head);
  if (right !== undefined) bytes.set(end, 16 - end.length);
  return bytes;
}

function groupBytes(text: string): number[] {
  return text
    .split(':')
    .filter((group) => group !== '')
    .flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    });
}

function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

/** RFC 5952 §4.2: the longest run of zero groups is shortened, the first of equals. */
function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  groups.forEach((group, index) => {
    if (group !== '0') start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  });
  return best;
}
