/** What a person allowed a client. Its id is a lookup key, not a credential. */
export interface Grant {
  readonly id: string;
  readonly accountId: string;
  readonly clientId: string;
  readonly payload: Record<string, unknown>;
  readonly expiresAt: Date;
}

/** The part of a payload that we read; the shape is the library's (models/grant.js). */
interface Allowed {
  readonly openid?: { readonly scope?: string; readonly claims?: readonly string[] };
  readonly resources?: Readonly<Record<string, string>>;
}

/**
 * Of two requests that add to one grant at the same time, neither takes back what the other has added. Nothing is ever
 * taken out of a grant by saving it: less is a matter of the client's registration, and an end is a revocation.
 */
export function mergePayloads(
  stored: Record<string, unknown>,
  saved: Record<string, unknown>,
): Record<string, unknown> {
  const [a, b]: [Allowed, Allowed] = [stored, saved];
  const scope = union(a.openid?.scope, b.openid?.scope);
  const claims = [...new Set([...(a.openid?.claims ?? []), ...(b.openid?.claims ?? [])])];
  const audiences = new Set([...Object.keys(a.resources ?? {}), ...Object.keys(b.resources ?? {})]);
  const resources = [...audiences].map((name) => [name, union(a.resources?.[name], b.resources?.[name])]);
  return {
    ...saved,
    ...(a.openid || b.openid
      ? { openid: { ...(scope ? { scope } : {}), ...(claims.length > 0 ? { claims } : {}) } }
      : {}),
    ...(resources.length > 0 ? { resources: Object.fromEntries(resources) } : {}),
  };
}

function union(a = '', b = ''): string {
  return [...new Set(`${a} ${b}`.split(' '))].filter(Boolean).join(' ');
}

/** What a payload allows, as lists. */
export function toAllowance(payload: Record<string, unknown>): {
  readonly scopes: readonly string[];
  readonly resources: Readonly<Record<string, readonly string[]>>;
} {
  const { openid, resources = {} }: Allowed = payload;
  return {
    scopes: words(openid?.scope),
    resources: Object.fromEntries(
      Object.entries(resources).map(([audience, scope]) => [audience, words(scope)]),
    ),
  };
}

function words(scope = ''): string[] {
  return scope.split(' ').filter(Boolean);
}
