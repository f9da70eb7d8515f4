import type { Revoked } from '../revocation/revoke.ts';
import { count } from '../words.ts';
import { moment } from './outcome.ts';

export function endedInWords(revoked: Revoked, noun = 'token'): string {
  return `${count(revoked.tokens, noun)} ended.${knownInWords(revoked)}`;
}

function knownInWords({ tokens, knownBy }: Revoked): string {
  if (tokens === 0) return '';
  return ` APIs that follow the stream know within a second, every other by ${moment(knownBy)}.`;
}
