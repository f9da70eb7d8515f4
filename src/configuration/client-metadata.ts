import { CLIENT_KINDS } from '../clients/kinds.ts';
import { metadataPolicy, validateClientMetadata } from '../clients/metadata.ts';
import { METADATA_MEMBERS } from '../documents/client-metadata.ts';
import { AppError } from '../errors.ts';
import { asSet, type Json, type Settings } from './configuration.ts';
import { splitSentence, type Path, type Problem } from './problem.ts';

type Metadata = Readonly<Record<string, unknown>>;

/** Complete, as the room would store it. Each member that is refused is named once. */
export function normalizeMetadata(
  given: Metadata,
  config: Settings,
  path: Path,
  problems: Problem[],
): Readonly<Record<string, Json>> {
  const left: Record<string, unknown> = { ...given };
  // The room stops at the first; each of them goes once, so this ends.
  for (;;) {
    try {
      return sortedMetadata(validateClientMetadata(left, metadataPolicy(config, 'operator')));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { path: inner, message } = splitSentence(error.message);
      const member = String(inner[0] ?? '');
      // What follows from another refusal is not worth a line.
      if (Object.keys(left).length === Object.keys(given).length || member in left) {
        problems.push({ path: [...path, ...inner], message });
      }
      if (!(member in left)) return {};
      delete left[member];
    }
  }
}

/** Lists of metadata are sets, but for keys; `scope` is one too. */
export function sortedMetadata(metadata: Metadata): Readonly<Record<string, Json>> {
  const members = METADATA_MEMBERS.filter((member) => metadata[member] !== undefined);
  return Object.fromEntries(members.map((member) => [member, sorted(member, metadata[member])]));
}

function sorted(member: string, value: unknown): Json {
  if (Array.isArray(value)) return asSet(value.filter((item) => typeof item === 'string'));
  if (member === 'scope' && typeof value === 'string') return asSet(value.split(' ')).join(' ');
  // What is stored has passed clients/metadata.ts, which keeps JSON.
  return value as Json;
}

const DEFAULTS: Readonly<Record<string, Json>> = {
  application_type: 'web',
  grant_types: ['authorization_code'],
  redirect_uris: [],
  token_endpoint_auth_method: 'client_secret_basic',
  id_token_signed_response_alg: 'RS256',
};

/** By its kind where it is one, and what else is not a default. */
export function metadataToFile(metadata: Readonly<Record<string, Json>>): Readonly<Record<string, Json>> {
  const kinds: [string, Metadata][] = Object.entries(CLIENT_KINDS);
  const [kind, implied] = kinds.find(([, members]) => agrees(metadata, sortedMetadata(members))) ?? [
    undefined,
    {},
  ];
  const grants = metadata['grant_types'];
  const usesCode = Array.isArray(grants) && grants.includes('authorization_code');
  const defaults = { ...DEFAULTS, response_types: usesCode ? ['code'] : [], ...sortedMetadata(implied) };
  const said = Object.entries(metadata).filter(
    ([member, value]) => !same(value, defaults[member as keyof typeof defaults]),
  );
  return { ...(kind !== undefined && { kind }), ...Object.fromEntries(said) };
}

function agrees(metadata: Metadata, members: Metadata): boolean {
  return Object.entries(members).every(([member, value]) => same(value, metadata[member]));
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
