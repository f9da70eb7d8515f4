import type { z } from 'zod';

import { ldapSettings } from './ldap-settings.ts';
import { oidcSettings } from './oidc-settings.ts';
import { samlSettings } from './saml-settings.ts';

/** What each kind of provider needs to be told beside its secrets; kept as JSON. One line per kind. */
export const SETTINGS = {
  oidc: oidcSettings,
  saml: samlSettings,
  ldap: ldapSettings,
} as const;

export type Kind = keyof typeof SETTINGS;

export type SettingsOf<K extends Kind> = z.output<(typeof SETTINGS)[K]>;
