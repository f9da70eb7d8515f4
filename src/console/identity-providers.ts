import { listProvidersOperation } from '../admin/identity-providers.ts';
import { perform } from '../admin/perform.ts';
import { displayName } from '../interactions/present.ts';
import type { Screen } from './context.ts';
import { can } from './operator.ts';
import { KIND_WORDS } from './provider-facts.ts';
import { show } from './show.ts';

export const identityProviders: Screen = {
  path: '/identity-providers',
  scope: 'admin:identity-providers:read',
  entry: { group: 'People', label: 'Identity providers' },
  async get(context, visit) {
    const { document } = await perform(context, listProvidersOperation, {}, visit.operator);
    show(context, visit, 'console-identity-providers', {
      providers: document.identity_providers.map((provider) => ({
        id: provider.id,
        name: displayName(provider.name) || provider.slug,
        slug: provider.slug,
        kind: KIND_WORDS[provider.kind],
        domains: provider.domains,
        isDisabled: provider.disabled_at !== null,
      })),
      mayWrite: can(visit.operator, 'admin:identity-providers:write'),
    });
  },
};
