import { z } from 'zod';

import type { Setting } from '../config/reference.ts';

export const settingDocument = z.strictObject({
  name: z.string(),
  description: z.string(),
  secret: z.boolean(),
  set: z.boolean(),
  value: z.string().nullable().describe('null: unset, or a secret, which is never shown'),
  when_unset: z.string(),
});

export function settingToJson(setting: Setting): z.output<typeof settingDocument> {
  return {
    name: setting.name,
    description: setting.description,
    secret: setting.isSecret,
    set: setting.isSet,
    value: setting.value,
    when_unset: setting.whenUnset,
  };
}
