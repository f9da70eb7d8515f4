import { listSettingsOperation } from '../admin/settings.ts';
import { exportConfigurationOperation } from '../admin/configuration.ts';
import { perform } from '../admin/perform.ts';
import { configurationText } from '../configuration/export.ts';
import type { Screen } from './context.ts';
import { command } from './equivalents.ts';
import { show } from './show.ts';

export const settings: Screen = {
  path: '/settings',
  scope: 'admin:settings:read',
  entry: { group: 'Settings', label: 'Settings' },
  async get(context, visit) {
    const { document } = await perform(context, listSettingsOperation, {}, visit.operator);
    show(context, visit, 'console-settings', {
      issuer: context.config.issuer,
      settings: document.settings.map((setting) => ({
        name: setting.name,
        description: setting.description,
        isSecret: setting.secret,
        isSet: setting.set,
        value: setting.value ?? undefined,
        whenUnset: setting.when_unset,
      })),
      equivalent: { command: command('export > guichet.yaml') },
    });
  },
};

/** Clients, APIs, roles and the rest as a file; the variables above are not in it. */
export const exportedConfiguration: Screen = {
  path: '/settings/guichet.yaml',
  scope: 'admin:settings:read',
  within: '/settings',
  async get(context, { ctx, operator }) {
    const { document } = await perform(context, exportConfigurationOperation, {}, operator);
    ctx.attachment('guichet.yaml');
    ctx.type = 'application/yaml; charset=utf-8';
    ctx.body = configurationText(document);
  },
};
