import type { z } from 'zod';

import type { IdentityProviderDocument } from '../documents/identity-provider.ts';
import type { identityProviderChangesDocument } from '../documents/new-identity-provider.ts';
import { httpError } from '../http/errors.ts';
import { command } from './equivalents.ts';
import { filled, lines, words } from './form.ts';
import { providerFields, SECRET_FIELDS, type ProviderField } from './provider-fields.ts';

type Fields = Readonly<Record<string, string>>;
type Mapping = Readonly<Record<string, string | null>>;
export type ProviderChanges = z.input<typeof identityProviderChangesDocument>;

/** What is stored, as it stands in the form. */
export function providerValues(document: IdentityProviderDocument): Record<string, string> {
  return Object.fromEntries(
    providerFields(document.kind).map((field) => [field.name, textOf(field, memberOf(document, field))]),
  );
}

/** What the form says otherwise than what is stored (RFC 7396); what is typed in confidence beside it. */
export function providerChanges(document: IdentityProviderDocument, fields: Fields): ProviderChanges {
  const changed = changedFields(document, fields);
  const settings = changed.filter(({ field }) => field.isSetting);
  const secret = SECRET_FIELDS[document.kind].name;
  const typed = filled(fields[secret]);
  return {
    ...membersOf(changed.filter(({ field }) => !field.isSetting)),
    ...(settings.length === 0 ? {} : { settings: membersOf(settings) }),
    ...(typed === undefined ? {} : { [secret]: typed }),
  };
}

/** The lines of the command line that change the same. */
export function providerCommands(document: IdentityProviderDocument, fields: Fields): string {
  const { slug, kind } = document;
  const options = changedFields(document, fields).map(({ field, value }) => optionOf(field, value));
  const isRefreshed = kind === 'saml' && filled(fields['metadata']) !== undefined;
  const hasNewSecret = kind !== 'saml' && filled(fields[SECRET_FIELDS[kind].name]) !== undefined;
  const secret = hasNewSecret ? ['--new-secret', '< secret.txt'] : [];
  const update = command(`identity-providers update ${slug}`, ...options, ...secret);
  const refresh = command(`identity-providers refresh ${slug}`, ['--metadata', 'metadata.xml']);
  return [...(options.length + secret.length > 0 ? [update] : []), ...(isRefreshed ? [refresh] : [])].join(
    '\n',
  );
}

/** For the configuration file, without what a SAML provider's metadata says; a file says where secrets are kept. */
export function configuredProvider(document: IdentityProviderDocument): Record<string, unknown> {
  const { kind, slug, name, domains, has_button, provisioning, trusts_email, trusts_mfa } = document;
  const { mapping, groups_attribute, settings, has_secret: hasSecret } = document;
  const common = { domains, has_button, provisioning, trusts_email, trusts_mfa, mapping, groups_attribute };
  const reference = { env: `PROVIDER_${SECRET_FIELDS[kind].name.toUpperCase()}` };
  const secrets = hasSecret ? { secrets: { [SECRET_FIELDS[kind].name]: reference } } : {};
  if (kind === 'saml') return { kind, slug, name, metadata: '…', ...common };
  return { kind, slug, name, settings, ...common, ...secrets };
}

interface Changed {
  readonly field: ProviderField;
  readonly value: unknown;
}

function changedFields(document: IdentityProviderDocument, fields: Fields): Changed[] {
  return providerFields(document.kind).flatMap((field): Changed[] => {
    const stored = memberOf(document, field);
    if (field.control === 'lines') {
      const value = mappingChanges(stored as Mapping, mappingOf(fields[field.name]));
      return Object.keys(value).length === 0 ? [] : [{ field, value }];
    }
    const value = valueOf(field, fields[field.name]);
    const before = valueOf(field, textOf(field, stored));
    return JSON.stringify(value) === JSON.stringify(before) ? [] : [{ field, value }];
  });
}

function membersOf(changed: readonly Changed[]): Record<string, unknown> {
  return Object.fromEntries(changed.map(({ field, value }) => [field.name, value]));
}

function memberOf(document: IdentityProviderDocument, { name, isSetting }: ProviderField): unknown {
  return Object.entries(isSetting ? document.settings : document).find(([member]) => member === name)?.[1];
}

function textOf({ control }: ProviderField, value: unknown): string {
  if (control === 'switch') return value === true ? 'on' : '';
  if (control === 'words') return (value as string[]).join(' ');
  if (control === 'lines')
    return Object.entries(value as Mapping)
      .map((pair) => pair.join('='))
      .join('\n');
  return typeof value === 'string' ? value : '';
}

function valueOf({ control, isNullable }: ProviderField, text: string | undefined): unknown {
  if (control === 'switch') return text === 'on';
  if (control === 'words') return words(text);
  return filled(text) ?? (isNullable ? null : '');
}

function mappingOf(text: string | undefined): Mapping {
  return Object.fromEntries(
    lines(text).map((line) => {
      const [, claim, theirs] = /^([a-z_]+)\s*=\s*(\S.*)$/.exec(line) ?? [];
      if (claim !== undefined && theirs !== undefined) return [claim, theirs];
      throw httpError('invalid_request', 'Claims: one a line, such as email=mail.');
    }),
  );
}

/** RFC 7396: what is not there any more is null. */
function mappingChanges(before: Mapping, after: Mapping): Mapping {
  const gone = Object.keys(before).filter((claim) => !Object.hasOwn(after, claim));
  const set = Object.entries(after).filter(([claim, theirs]) => before[claim] !== theirs);
  return Object.fromEntries([...set, ...gone.map((claim) => [claim, null] as const)]);
}

function optionOf({ option }: ProviderField, value: unknown): string | [string, string | string[]] {
  const isNone = value === false || value === null || (Array.isArray(value) && value.length === 0);
  if (isNone) return option.replace('--', '--no-');
  if (value === true) return option;
  if (typeof value === 'string' || Array.isArray(value)) return [option, value as string | string[]];
  return [option, Object.entries(value as Mapping).map(([claim, theirs]) => `${claim}=${theirs ?? ''}`)];
}
