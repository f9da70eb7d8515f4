import { nameOf, type Kind } from './configuration.ts';
import type { Path, Problem } from './problem.ts';
import type { Other, Stored } from './state.ts';
import type { Wanted } from './wanted.ts';

/** What there will be when the file is applied. */
export interface Outlook {
  readonly wanted: ReadonlyMap<string, Wanted>;
  /** What the file does not speak of and leaves alone. */
  readonly kept: ReadonlyMap<string, Stored>;
  readonly others: ReadonlyMap<string, Other>;
}

/** Mentions, by these things, of what there will not be. */
export function findDangling(things: readonly Wanted[], outlook: Outlook): Problem[] {
  return things.flatMap((thing) => danglingOf(thing, outlook));
}

function danglingOf(thing: Wanted, outlook: Outlook): Problem[] {
  const at = (...steps: Path) => [...thing.path, ...steps];
  switch (thing.kind) {
    case 'api':
      return [];
    case 'identity-provider':
      return Object.values(thing.document.groups).flatMap((roles) =>
        roles.flatMap((key) => mention(outlook, 'role', key, at('groups'))),
      );
    case 'role': {
      const { api, scopes } = thing.document;
      return [
        ...mention(outlook, 'api', api, at('api')),
        ...scopes.flatMap((scope) => scopeMention(outlook, api, scope, at('scopes'))),
      ];
    }
    case 'trusted-issuer':
      return mention(outlook, 'identity-provider', thing.document.identity_provider, at('identity_provider'));
    case 'client': {
      const { apis, acts_for: actsFor, default_api: defaultApi, exchange, roles } = thing.document;
      const access = Object.entries(apis).filter(
        ([audience]) => audience !== defaultApi || apis[audience]?.length,
      );
      return [
        ...(defaultApi === null ? [] : mention(outlook, 'api', defaultApi, at('default_api'))),
        ...(actsFor === null ? [] : mention(outlook, 'api', actsFor, at('acts_for'))),
        ...access.flatMap(([audience]) => mention(outlook, 'api', audience, at('apis'))),
        ...access.flatMap(([audience, scopes]) =>
          scopes.flatMap((scope) => scopeMention(outlook, audience, scope, at('apis'))),
        ),
        ...exchange.apis.flatMap((audience) => mention(outlook, 'api', audience, at('exchange', 'apis'))),
        ...exchange.client_ids.flatMap((id) => mention(outlook, 'client', id, at('exchange', 'client_ids'))),
        ...exchange.trusted_issuers.flatMap((issuer) =>
          mention(outlook, 'trusted-issuer', issuer, at('exchange', 'trusted_issuers')),
        ),
        ...roles.flatMap((key) => mention(outlook, 'role', key, at('roles'))),
      ];
    }
  }
}

function mention({ wanted, kept, others }: Outlook, kind: Kind, key: string, path: Path): Problem[] {
  const name = nameOf({ kind, key });
  const known = wanted.has(name) || kept.has(name) || others.has(name);
  return known ? [] : [{ path, message: `mentions the ${name}, which will not be there` }];
}

function scopeMention(outlook: Outlook, audience: string, scope: string, path: Path): Problem[] {
  const name = nameOf({ kind: 'api', key: audience });
  const api = outlook.wanted.get(name) ?? outlook.kept.get(name);
  const known = api?.kind === 'api' ? Object.keys(api.document.scopes) : outlook.others.get(name)?.scopes;
  if (known === undefined || known.includes(scope)) return [];
  const has = known.length > 0 ? `it has ${known.join(', ')}` : 'it has none';
  return [{ path, message: `mentions the scope ${scope}, which ${audience} will not have: ${has}` }];
}
