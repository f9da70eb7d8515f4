export type DropReason = 'role-missing' | 'not-allowed-to-client';

export interface Narrowed {
  /** In the order in which they were asked for. */
  readonly kept: readonly string[];
  readonly dropped: readonly { readonly scope: string; readonly reason: DropReason }[];
}

/**
 * What of the scopes that were asked for a token for one API carries, and why not the rest. `carried`: by the roles of whoever
 * it acts for; undefined where the API does not enforce roles. What the client may not ask for is named as that, whoever has
 * which role: no role would help.
 */
export function narrowByRoles(
  asked: Iterable<string>,
  allowed: ReadonlySet<string>,
  carried: ReadonlySet<string> | undefined,
): Narrowed {
  const kept: string[] = [];
  const dropped: { scope: string; reason: DropReason }[] = [];
  for (const scope of new Set(asked)) {
    if (!allowed.has(scope)) dropped.push({ scope, reason: 'not-allowed-to-client' });
    else if (carried && !carried.has(scope)) dropped.push({ scope, reason: 'role-missing' });
    else kept.push(scope);
  }
  return { kept, dropped };
}
