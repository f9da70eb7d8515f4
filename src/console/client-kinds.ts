import type { ClientKindChoice } from '../../views/locals/console-applications.ts';
import type { ClientKind } from '../clients/kinds.ts';
import type { newClientDocument } from '../documents/client.ts';
import type { z } from 'zod';
import { command } from './equivalents.ts';
import { filled, lines, words } from './form.ts';

export type NewClientBody = z.input<typeof newClientDocument>;

/** What the wizard offers, and which kind of clients/kinds.ts it makes. An MCP client is a native app that names its server. */
const KINDS: Readonly<Record<ClientKindChoice, ClientKind>> = {
  web: 'web',
  spa: 'spa',
  native: 'native',
  machine: 'machine',
  device: 'device',
  mcp: 'native',
  api: 'api',
};

export function choiceOf(text: unknown): ClientKindChoice | undefined {
  return typeof text === 'string' && isChoice(text) ? text : undefined;
}

/** The request for what the wizard's form says. */
export function newClientBody(
  choice: ClientKindChoice,
  fields: Readonly<Record<string, string>>,
): NewClientBody {
  const audience = filled(fields['audience']);
  const name = filled(fields['client_name']);
  const redirects = lines(fields['redirect_uris']);
  const logouts = lines(fields['post_logout_redirect_uris']);
  return {
    kind: KINDS[choice],
    ...(name === undefined ? {} : { client_name: name }),
    ...(redirects.length > 0 ? { redirect_uris: redirects } : {}),
    ...(logouts.length > 0 ? { post_logout_redirect_uris: logouts } : {}),
    ...(fields['first_party'] === 'on' ? { first_party: true } : {}),
    ...accessOf(choice, audience, words(fields['scopes'])),
  };
}

function accessOf(
  choice: ClientKindChoice,
  audience: string | undefined,
  scopes: readonly string[],
): NewClientBody {
  if (audience === undefined) return {};
  if (choice === 'api') return { acts_for: audience };
  return { apis: [{ audience, scopes: [...scopes] }], default_api: audience };
}

/** The same from the command line; values that are missing stand as placeholders. */
export function newClientCommand(body: NewClientBody): string {
  const [api] = body.apis ?? [];
  return command(
    'clients create',
    ['--kind', body.kind],
    ['--name', body.client_name],
    ['--redirect-uri', body.redirect_uris],
    ['--post-logout-redirect-uri', body.post_logout_redirect_uris],
    ['--api', api?.audience],
    ['--scopes', api && api.scopes.length > 0 ? api.scopes.join(' ') : undefined],
    ['--default-api', body.default_api ?? undefined],
    ['--acts-for', body.acts_for ?? undefined],
    ...(body.first_party ? ['--first-party'] : []),
  );
}

function isChoice(text: string): text is ClientKindChoice {
  return Object.hasOwn(KINDS, text);
}
