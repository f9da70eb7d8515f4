import {
  listGroupsOperation,
  mapGroupOperation,
  unmapGroupOperation,
} from '../admin/identity-provider-groups.ts';
import {
  checkProviderOperation,
  countIdentitiesOperation,
  deleteProviderOperation,
  disableProviderOperation,
  enableProviderOperation,
  showProviderOperation,
  updateProviderOperation,
} from '../admin/identity-providers.ts';
import { perform } from '../admin/perform.ts';
import type { IdentityProviderDocument } from '../documents/identity-provider.ts';
import { httpError } from '../http/errors.ts';
import { displayName } from '../interactions/present.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { quoted } from '../words.ts';
import { command, equivalent } from './equivalents.ts';
import { formOf, seen } from './form.ts';
import { can } from './operator.ts';
import { addressFacts, KIND_WORDS, settingFacts } from './provider-facts.ts';
import { providerFields, SECRET_FIELDS } from './provider-fields.ts';
import { configuredProvider, providerChanges, providerCommands, providerValues } from './provider-form.ts';
import { roleChoices } from './role-choices.ts';
import { show } from './show.ts';
import { endedInWords } from './words.ts';

export const identityProvider: Screen = {
  path: '/identity-providers/:id',
  scope: 'admin:identity-providers:read',
  within: '/identity-providers',
  async get(context, visit) {
    const { fields, operator } = visit;
    const params = asked(visit);
    const provider = await read(context, visit);
    const usage = await perform(context, countIdentitiesOperation, { params }, operator);
    const { document } = await perform(context, listGroupsOperation, { params }, operator);
    const mayWrite = can(operator, 'admin:identity-providers:write');
    const settings = providerFields(provider.kind);
    const labels = Object.fromEntries(settings.map(({ name, label }) => [name, label]));
    const isEdited = (name: string) => settings.some((field) => field.name === name);
    show(context, visit, 'console-identity-provider', {
      id: provider.id,
      name: displayName(provider.name) || provider.slug,
      slug: provider.slug,
      kind: KIND_WORDS[provider.kind],
      isDisabled: provider.disabled_at !== null,
      people: usage.document.identities,
      createdAt: new Date(provider.created_at),
      updatedAt: new Date(provider.updated_at),
      addresses: addressFacts(provider),
      settings: settingFacts(provider).filter(({ name }) => !mayWrite || !isEdited(name)),
      form: formOf(visit, provider, providerValues(provider), labels),
      fields: settings,
      secret: SECRET_FIELDS[provider.kind],
      groups: document.groups.map((one) => ({
        group: one.group,
        roleId: one.role_id,
        role: one.role,
        audience: one.api,
      })),
      roles: can(operator, 'admin:roles:read') ? await roleChoices(context) : [],
      values: { group: fields['group'] ?? '', role: fields['role'] ?? '' },
      equivalent: equivalent(
        command(`identity-providers update ${provider.slug}`, ['--name', provider.name]),
        'identity_providers',
        configuredProvider(provider),
      ),
      mayWrite,
    });
  },
  actions: {
    save: { run: save, fresh: true },
    disable: { run: disable },
    enable: { run: enable, fresh: true },
    check: { run: check },
    'map-group': { run: map, fresh: true },
    'unmap-group': { run: unmap },
    delete: { run: remove, fresh: true },
  },
};

async function read(context: ConsoleContext, visit: Visit): Promise<IdentityProviderDocument> {
  const { document } = await perform(
    context,
    showProviderOperation,
    { params: asked(visit) },
    visit.operator,
  );
  return document;
}

/** What the form says otherwise; an issuer decides who comes in, so it asks for a fresh sign-in. */
async function save(context: ConsoleContext, visit: Visit): Promise<Done> {
  const before = await read(context, visit);
  const body = providerChanges(before, visit.fields);
  if (Object.keys(body).length === 0) {
    return { to: `/identity-providers/${visit.id}`, notice: { message: 'Nothing was changed.' } };
  }
  const line = providerCommands(before, visit.fields);
  const request = { params: asked(visit), body, ...seen(visit) };
  const { document } = await perform(context, updateProviderOperation, request, visit.operator);
  return {
    to: `/identity-providers/${visit.id}`,
    notice: {
      message: 'Saved. Check it before you rely on it.',
      ...equivalent(line, 'identity_providers', configuredProvider(document)),
    },
  };
}

async function disable(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { slug } = await read(context, visit);
  const { document } = await perform(
    context,
    disableProviderOperation,
    { params: asked(visit) },
    visit.operator,
  );
  return said(
    visit,
    `Nobody comes through it any more, ${endedInWords(document)}`,
    command(`identity-providers disable ${slug}`),
  );
}

async function enable(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { document } = await perform(
    context,
    enableProviderOperation,
    { params: asked(visit) },
    visit.operator,
  );
  const { slug } = document;
  return said(visit, 'People come through it again.', command(`identity-providers enable ${slug}`));
}

/** It is called over the network: what comes back may be why nobody can sign in. */
async function check(context: ConsoleContext, visit: Visit): Promise<Done> {
  const request = { params: asked(visit), body: {} };
  const { document } = await perform(context, checkProviderOperation, request, visit.operator);
  const { slug, error, reason = '' } = document;
  const message =
    error === undefined ? 'It answers as it should.' : `It cannot be used: ${reason} (${error})`;
  return said(visit, message, command(`identity-providers check ${slug}`));
}

async function map(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { fields, operator } = visit;
  const group = (fields['group'] ?? '').trim();
  const body = { group, role_id: fields['role'] ?? '' };
  const { document } = await perform(context, mapGroupOperation, { params: asked(visit), body }, operator);
  const { line, role } = await groupCommand(context, visit, 'map-group', body);
  const message = document.added
    ? `Whoever is in ${group} has the role ${role}, from their next sign-in on.`
    : 'It was so before.';
  return said(visit, message, line);
}

async function unmap(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { fields, operator } = visit;
  const query = { group: fields['group'] ?? '', role_id: fields['role'] ?? '' };
  const { line, role } = await groupCommand(context, visit, 'unmap-group', query);
  await perform(context, unmapGroupOperation, { params: asked(visit), query }, operator);
  const message = `${query.group} is not worth the role ${role} any more. Whoever has it by it keeps it until they sign in again.`;
  return said(visit, message, line);
}

async function remove(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { slug } = await read(context, visit);
  if (visit.fields['confirmation'] !== slug) {
    throw httpError('invalid_request', 'To delete the identity provider, type its name in URLs.');
  }
  const request = { params: asked(visit), ...seen(visit) };
  const { document } = await perform(context, deleteProviderOperation, request, visit.operator);
  const message = `The identity provider ${slug} is deleted, ${endedInWords(document)}`;
  return {
    to: '/identity-providers',
    notice: { message, command: command(`identity-providers delete ${slug}`) },
  };
}

/** Of a group that is mapped. */
async function groupCommand(
  context: ConsoleContext,
  visit: Visit,
  verb: 'map-group' | 'unmap-group',
  { group, role_id: roleId }: { group: string; role_id: string },
) {
  const { slug } = await read(context, visit);
  const { document } = await perform(context, listGroupsOperation, { params: asked(visit) }, visit.operator);
  const mapped = document.groups.find((one) => one.group === group && one.role_id === roleId);
  const { role = '', api = '' } = mapped ?? {};
  const words = ['identity-providers', verb, slug, quoted(group)].join(' ');
  return { role, line: command(words, ['--api', api], ['--role', role]) };
}

function asked({ id }: Visit) {
  return { identity_provider_id: id };
}

function said({ id }: Visit, message: string, line: string): Done {
  return { to: `/identity-providers/${id}`, notice: { message, command: line } };
}
