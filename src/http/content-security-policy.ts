export interface PolicySources {
  /** Where forms of the page may lead, beside this server: see `redirectSource`. */
  formAction?: readonly string[];
}

/**
 * The policy of every page: own styles, own scripts, own images, nothing else, in nobody's frame. `script-src` is always
 * present because the library adds the hash of its form_post script to that directive, and only if it finds it.
 */
export function contentSecurityPolicy({ formAction = [] }: PolicySources = {}): string {
  return [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self' data:",
    "script-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    ["form-action 'self'", ...formAction].join(' '),
  ].join('; ');
}

/**
 * The CSP source that lets a form post end at a redirect URI. Chromium applies `form-action` to the whole redirect chain
 * after a post, so a sign-in page has to name the client it will lead back to.
 */
export function redirectSource(redirectUri: string): string {
  const url = new URL(redirectUri);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return url.protocol;
  // CSP has no syntax for an IPv6 literal (CSP3 §2.3.1, host-char), so the scheme has to do.
  return url.hostname.startsWith('[') ? url.protocol : url.origin;
}

/** The policy `current` with more form targets, for a page whose target is known only after it was made. */
export function withFormAction(current: string, formAction: readonly string[]): string {
  const added = formAction.join(' ');
  const directives = current.split(';').map((directive) => directive.trim());
  return directives
    .map((directive) => (directive.startsWith('form-action ') ? `${directive} ${added}` : directive))
    .join('; ');
}
