import type { InspectionContext } from './context.ts';
import { moment } from './moment.ts';
import { causeInWords } from './cause.ts';
import { KINDS } from './kind.ts';
import type { Explained } from './verdict.ts';
import { untrusted, untrustedName } from './untrusted.ts';

/** One clear sentence: alive until when, or dead since when, by whom and by what. */
export async function summarize(context: InspectionContext, explained: Explained): Promise<string> {
  const { life, kind } = explained;
  const expires = life.expiresAt === null ? 'and never expires' : `until ${moment(life.expiresAt)}`;
  switch (life.state) {
    case 'active':
      return `alive ${expires}`;
    case 'revoked':
      return `dead: revoked ${moment(life.revokedAt)} ${await howRevoked(context, explained)}`;
    case 'expired':
      return life.expiresAt !== null && life.expiresAt <= context.clock.now()
        ? `dead: expired ${moment(life.expiresAt)}`
        : 'dead: the grant it hangs on has expired';
    case 'spent':
      return `dead: spent${spentAt(explained)}, as each is good for one use`;
    case 'not-recorded':
      return kind === 'access_token'
        ? 'not recorded: this server never issued it, or has lost what it recorded then (a restored backup); if neither can be, somebody has its signing key'
        : `signed by this server, ${life.expiresAt === null ? 'with no end' : `good ${expires}`}; nothing of its kind is recorded, so it cannot be revoked`;
    case 'not-ours':
      return `not to be believed: ${whyNotOurs(explained, context.config.issuer)}`;
    case 'unknown':
      return kind === 'encrypted_jwt'
        ? 'an encrypted JWT; this server makes none'
        : 'no token of this server, or one that expired or was revoked and is cleared away';
  }
}

async function howRevoked(
  context: InspectionContext,
  { life, read, surroundings }: Explained,
): Promise<string> {
  if (life.cause) return causeInWords(context, life.cause, surroundings);
  if (read.kind === 'jwt' && !read.entry) return 'together with the key that signed it';
  return '(the audit log does not say by whom)';
}

function spentAt({ read }: Explained): string {
  return read.kind === 'opaque' && read.artifact.consumedAt ? ` ${moment(read.artifact.consumedAt)}` : '';
}

function whyNotOurs({ read }: Explained, issuer: string): string {
  if (read.kind !== 'jwt') return KINDS.unknown;
  const { signature, claims, key, header } = read;
  const named = claims.iss === undefined ? 'nobody' : untrusted(claims.iss);
  if (signature === 'valid') return `a key of this server signed it, but as ${named} and not as ${issuer}`;
  if (signature === 'invalid') return `key ${key?.kid ?? ''} did not sign this, it is forged or damaged`;
  if (claims.iss !== issuer) return `no key of this server signed it; it says that ${named} issued it`;
  const { kid } = header;
  return typeof kid === 'string'
    ? `this server has no key ${untrustedName(kid)}; it is forged, or its key was forgotten long ago`
    : 'it does not say which key signed it, so it is not of this server';
}
