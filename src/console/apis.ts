import { listApisOperation } from '../admin/apis.ts';
import { perform } from '../admin/perform.ts';
import { displayName } from '../interactions/present.ts';
import type { Screen } from './context.ts';
import { listOf } from './list.ts';
import { can } from './operator.ts';
import { show } from './show.ts';

export const apis: Screen = {
  path: '/apis',
  scope: 'admin:apis:read',
  entry: { group: 'Applications', label: 'APIs' },
  async get(context, visit) {
    const list = listOf(visit, 'Name or audience');
    const { document } = await perform(context, listApisOperation, { query: list.query }, visit.operator);
    show(context, visit, 'console-apis', {
      search: list.search,
      pager: list.pager(document.next),
      apis: document.apis.map((api) => ({
        id: api.id,
        name: displayName(api.name),
        audience: api.audience,
        scopeCount: api.scopes.length,
        isDisabled: api.disabled_at !== null,
        isBuiltIn: api.origin === 'built-in',
        ttlSeconds: api.token_ttl_seconds,
      })),
      mayWrite: can(visit.operator, 'admin:apis:write'),
    });
  },
};
