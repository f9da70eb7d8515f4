import type { z } from 'zod';

import { oidcSettings } from './oidc-settings.ts';

/** What each kind of provider needs to be told beside its secrets; kept as JSON. One line per kind. */
export const SETTINGS = {
  oidc: oidcSettings,
} as const;

export type Kind = keyof typeof SETTINGS;

export type SettingsOf<K extends Kind> = z.output<(typeof SETTINGS)[K]>;
