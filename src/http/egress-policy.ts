import { isMapped, isWithin, parseCidr, parseIp, type Cidr, type Ip } from './ip.ts';

/**
 * Which addresses an outbound call may reach. Everything that is not plainly a public unicast address is refused (IANA
 * special-purpose registries), because a URL that somebody registers with us must not become a key to our own network.
 */
export interface EgressPolicy {
  isNameAllowed(hostname: string): boolean;
  isAddressAllowed(address: string, options?: { allowLoopback?: boolean | undefined }): boolean;
}

const SPECIAL_IPV4 = cidrs(
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // carrier-grade NAT
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local, cloud metadata
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.31.196.0/24', // AS112
  '192.52.193.0/24', // AMT
  '192.88.99.0/24', // 6to4 relay
  '192.168.0.0/16', // private
  '192.175.48.0/24', // AS112
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
);

/** All that is assigned for global unicast; mapped, NAT64, unique-local, link-local and multicast lie outside. */
const GLOBAL_IPV6 = cidrs('2000::/3');

const SPECIAL_IPV6 = cidrs(
  '2001::/23', // protocol assignments, Teredo
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4, carries an IPv4 address
  '2620:4f:8000::/48', // AS112
  '3fff::/20', // documentation
);

const LOOPBACK = cidrs('127.0.0.0/8', '::1/128');

/** `allow`: CIDRs and addresses that may be reached all the same, and host names that may resolve to anything. */
export function createEgressPolicy(allow: readonly string[]): EgressPolicy {
  const networks = allow.map(parseCidr).filter((cidr) => cidr !== undefined);
  const names = new Set(allow.filter((entry) => !parseCidr(entry)).map((name) => name.toLowerCase()));
  return {
    isNameAllowed: (hostname) => names.has(hostname.toLowerCase()),
    isAddressAllowed(address, { allowLoopback = false } = {}) {
      // A zone selects an interface: nothing public needs one.
      const ip = address.includes('%') ? undefined : parseIp(address);
      // An IPv4 address in IPv6 clothes has no use but to slip past lists that look at one spelling.
      if (!ip || isMapped(ip)) return false;
      if (isPublic(ip) || within(networks, ip)) return true;
      return allowLoopback && within(LOOPBACK, ip);
    },
  };
}

function isPublic(ip: Ip): boolean {
  if (ip.family === 4) return !within(SPECIAL_IPV4, ip);
  return within(GLOBAL_IPV6, ip) && !within(SPECIAL_IPV6, ip);
}

function within(list: readonly Cidr[], ip: Ip): boolean {
  return list.some((cidr) => isWithin(cidr, ip));
}

function cidrs(...list: string[]): Cidr[] {
  return list.map(parseCidr).filter((cidr) => cidr !== undefined);
}
