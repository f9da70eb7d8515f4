import { formatIp, networkOf, parseIp, unmapped } from '../http/ip.ts';

/** Behind an IPv6 address stands a whole network of them, from which the next one is taken: RFC 6177 §2. */
const IPV6_BITS = 64;

/** What to shut out because of an address. undefined: it is none. */
export function networkToBlock(address: string): string | undefined {
  const parsed = parseIp(address);
  if (!parsed) return undefined;
  const ip = unmapped(parsed);
  return ip.family === 4 ? formatIp(ip) : networkOf(ip, IPV6_BITS);
}
