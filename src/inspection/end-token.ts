import type { Actor } from '../audit/record.ts';
import { AppError } from '../errors.ts';
import { endArtifact } from '../revocation/end-artifact.ts';
import { revoke, type Revoked } from '../revocation/revoke.ts';
import type { InspectionContext } from './context.ts';
import { readToken } from './reading.ts';

/**
 * Ends the token that somebody holds in their hand: an access token alone, a refresh token with its whole grant (RFC 7009 §2.1),
 * whatever hangs on none alone. Throws `token_not_found` (404).
 */
export async function endToken(context: InspectionContext, token: string, actor: Actor): Promise<Revoked> {
  const read = await readToken(context, token.trim());
  if (read.kind === 'unknown') throw tokenNotFound('This is no token of this server.');
  if (read.kind === 'opaque') {
    const { artifact } = read;
    return artifact.grantId !== null && artifact.model === 'RefreshToken'
      ? revoke(context, { grant: artifact.grantId }, actor)
      : endArtifact(context, artifact, actor);
  }
  const { signature, claims, entry } = read;
  if (signature !== 'valid') throw tokenNotFound('No key of this server signed this token.');
  if (!entry || typeof claims.jti !== 'string')
    throw tokenNotFound('This is not an access token, or one that is long gone.');
  return revoke(context, { jti: claims.jti, expiresAt: entry.expiresAt }, actor);
}

export function tokenNotFound(message: string): AppError {
  return new AppError('token_not_found', message, { status: 404 });
}
