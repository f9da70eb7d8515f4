import { z } from 'zod';

import { settingDocument, settingToJson } from '../documents/setting.ts';
import { operation } from './define.ts';
import type { Operation } from './operation.ts';

export const listSettingsOperation = operation({
  id: 'settings.list',
  command: 'config settings',
  method: 'GET',
  path: '/settings',
  scope: 'admin:settings:read',
  summary: 'What this server is configured with; of secrets only whether they are set',
  answer: z.strictObject({ settings: z.array(settingDocument) }),
  run: async ({ config }) => ({ settings: config.settings.map(settingToJson) }),
});

export const settingOperations: readonly Operation[] = [listSettingsOperation];
