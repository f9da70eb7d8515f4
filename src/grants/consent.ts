import type { Grant } from './grant.ts';

/** Things a person allows, or a client asks for. */
export interface Allowance {
  /** Of our own (OIDC Core §5.4, §11). */
  readonly scopes: readonly string[];
  /** Asked for by name (OIDC Core §5.5). */
  readonly claims: readonly string[];
  /** Audience and scope with a space between; neither can hold one (RFC 3986, RFC 6749 §3.3). */
  readonly apiScopes: readonly string[];
}

/** What a person allowed a client, whatever session they are in. Grants of a client that is not ours are made under one. */
export interface Consent extends Allowance {
  readonly accountId: string;
  readonly clientId: string;
  /** Digest of what the client was when the person was asked. */
  readonly registration: Buffer;
  readonly grantedAt: Date;
  readonly updatedAt: Date;
}

export const NOTHING: Allowance = { scopes: [], claims: [], apiScopes: [] };

/** From and to scopes by audience. */
export function toApiScopes(resources: Readonly<Record<string, Iterable<string>>>): string[] {
  return Object.entries(resources).flatMap(([audience, scopes]) =>
    [...scopes].map((scope) => `${audience} ${scope}`),
  );
}

export function toResources(apiScopes: readonly string[]): Record<string, string[]> {
  const resources: Record<string, string[]> = {};
  for (const [audience = '', scope = ''] of apiScopes.map((pair) => pair.split(' '))) {
    (resources[audience] ??= []).push(scope);
  }
  return resources;
}

/** What a grant allows; the shape of its payload is the library's (models/grant.js). */
export function allowanceOf(payload: Grant['payload']): Allowance {
  const { openid, resources = {} }: PayloadParts = payload;
  return {
    scopes: words(openid?.scope),
    claims: openid?.claims ?? [],
    apiScopes: toApiScopes(
      Object.fromEntries(Object.entries(resources).map(([audience, scope]) => [audience, words(scope)])),
    ),
  };
}

interface PayloadParts {
  readonly openid?: { readonly scope?: string; readonly claims?: readonly string[] };
  readonly resources?: Readonly<Record<string, string>>;
}

export function common(a: Allowance, b: Allowance): Allowance {
  return combine(a, b, (mine, theirs) => mine.filter((one) => theirs.includes(one)));
}

/** What is in `a` and not in `b`. */
export function beyond(a: Allowance, b: Allowance): Allowance {
  return combine(a, b, (mine, theirs) => mine.filter((one) => !theirs.includes(one)));
}

export function isNothing({ scopes, claims, apiScopes }: Allowance): boolean {
  return scopes.length + claims.length + apiScopes.length === 0;
}

type Part = (a: readonly string[], b: readonly string[]) => readonly string[];

function combine(a: Allowance, b: Allowance, part: Part): Allowance {
  return {
    scopes: part(a.scopes, b.scopes),
    claims: part(a.claims, b.claims),
    apiScopes: part(a.apiScopes, b.apiScopes),
  };
}

function words(scope = ''): string[] {
  return scope.split(' ').filter(Boolean);
}
