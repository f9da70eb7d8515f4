import type { Config } from '../config/config.ts';

export const ADMIN_PATH = '/admin/v1';

/** `aud` of the tokens that open this API (RFC 8707): its address. */
export function adminAudience({ issuer }: Pick<Config, 'issuer'>): string {
  return `${issuer}${ADMIN_PATH}`;
}
