import { AppError } from '../errors.ts';

/**
 * RFC 7591 §3.2.2. The sentence becomes an `error_description`, so it is plain ASCII without quotes or backslashes
 * (RFC 6749 §5.2) and never repeats what was sent.
 */
export function invalidMetadata(member: string, rule: string): AppError {
  const code = member.startsWith('redirect_uris') ? 'invalid_redirect_uri' : 'invalid_client_metadata';
  return new AppError(code, `${member} ${rule}`, { status: 400 });
}
