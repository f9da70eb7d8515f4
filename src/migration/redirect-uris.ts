import { checkRedirectUri } from '../clients/uris.ts';
import { AppError } from '../errors.ts';
import type { Notes } from './notes.ts';

export interface Addresses {
  readonly redirectUris: readonly string[];
  readonly postLogoutUris: readonly string[];
  readonly isNative: boolean;
}

/** Those that can stand in a client here, each compared by its whole text (RFC 9700 §2.1); the rest is noted. */
export function usableAddresses(
  client: string,
  given: {
    readonly redirects: readonly string[];
    readonly postLogout: readonly string[];
    readonly isNative: boolean;
  },
  notes: Notes,
): Addresses {
  const { isNative } = given;
  return {
    isNative,
    redirectUris: usable(
      given.redirects,
      { client, what: 'a redirect URI', option: '--redirect-uri', isNative },
      notes,
    ),
    postLogoutUris: usable(
      given.postLogout,
      { client, what: 'a URI after sign-out', option: '--post-logout-redirect-uri', isNative },
      notes,
    ),
  };
}

/** An app rather than a page: a scheme of its own, or nothing but the machine it runs on. */
export function looksNative(uris: readonly string[], isPublic: boolean): boolean {
  const isApp = uris.some((uri) => /^[a-z][a-z0-9.+-]*:/i.test(uri) && !/^https?:/i.test(uri));
  const isLocal =
    uris.length > 0 &&
    uris.every((uri) => /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?:[:/]|$)/i.test(uri));
  return isApp || (isPublic && isLocal);
}

function usable(
  uris: readonly string[],
  { client, what, option, isNative }: { client: string; what: string; option: string; isNative: boolean },
  notes: Notes,
): string[] {
  return [...new Set(uris)].filter((uri) => {
    try {
      checkRedirectUri(uri, 'It', { native: isNative });
      return true;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const todo = `List it in full, together with the others: guichet clients update CLIENT ${option} URI.`;
      notes.add({ what, why: error.message, todo }, `${client}: ${uri}`);
      return false;
    }
  });
}
