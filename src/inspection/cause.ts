import type { Cause, TargetKind } from '../revocation/find-cause.ts';
import type { InspectionContext } from './context.ts';
import { moment } from './moment.ts';
import { findClientParty, findPersonParty, type Party, type Surroundings } from './surroundings.ts';
import { untrusted } from './untrusted.ts';

/** `by cli together with everything of client nightly (Nightly), when the client was disabled`. */
export async function causeInWords(
  context: InspectionContext,
  { actor, target, occasion, isInherited }: Cause,
  { api }: Surroundings,
): Promise<string> {
  const value = await targetInWords(context, target, api);
  const when = occasion === null ? undefined : OCCASIONS[occasion];
  const scope = SCOPES[target.kind](value);
  const what = isInherited ? inheritedInWords(target.kind, scope) : scope;
  return `by ${await actorInWords(context, actor)} ${what}${when === undefined ? '' : `, when ${when}`}`;
}

function inheritedInWords(kind: TargetKind, scope: string): string {
  const together = 'together with the token it was exchanged for';
  return kind === 'jti' || kind === 'digest' ? together : `${together}, which ended ${scope}`;
}

const SCOPES: Record<TargetKind, (value: string) => string> = {
  jti: () => 'alone',
  digest: () => 'alone',
  grant: (value) => `together with everything of grant ${value}`,
  session: (value) => `together with everything of session ${value}`,
  account: (value) => `together with everything of user ${value}`,
  client: (value) => `together with everything of client ${value}`,
  consentOf: (value) => `together with everything that user ${value} had allowed its client`,
  identity: (value) => `together with everything that came of identity ${value}`,
  identitySessions: (value) => `together with the sessions of identity ${value}`,
  provider: (value) => `together with everybody who came through identity provider ${value}`,
  accountRoles: (value) => `together with what user ${value} had of the API by roles`,
  clientRoles: (value) => `together with what client ${value} had of the API by roles`,
  role: (value) => `together with what role ${value} gave`,
  api: (value) => `together with every token for the API ${value}`,
  key: (value) => `together with everything that key ${value} signed`,
  trustedIssuer: (value) => `together with everything that came of tokens of ${value}`,
  issuedBefore: (value) => `together with everything issued before ${value}`,
};

const OCCASIONS: Readonly<Record<string, string>> = {
  'account.disabled': 'the account was disabled',
  'account.deleted': 'the account was deleted',
  'account.password-set': 'the password was set anew',
  'identity.unlinked': 'it was disconnected from the account',
  'identity.signed-out': 'the person signed out at the identity provider',
  'identity-provider.disabled': 'the provider was disabled',
  'identity-provider.deleted': 'the provider was deleted',
  'client.disabled': 'the client was disabled',
  'client.deleted': 'the client was deleted',
  'api.disabled': 'the API was disabled',
  'api.deleted': 'the API was deleted',
  'api.roles-enforced': 'the API began to enforce roles',
  'role.taken': 'a role was taken away',
  'role.updated': 'the role lost scopes',
  'role.deleted': 'the role was deleted',
  'key.revoked': 'the key was revoked',
};

export function partyInWords({ id, name }: Party): string {
  return name === null || name === '' ? untrusted(id) : `${untrusted(id)} (${untrusted(name)})`;
}

export function apiInWords({ audience, name }: NonNullable<Surroundings['api']>): string {
  return name === null ? untrusted(audience) : `${untrusted(name)} (${untrusted(audience)})`;
}

async function targetInWords(
  context: InspectionContext,
  { kind, value }: Cause['target'],
  api: Surroundings['api'],
): Promise<string> {
  if (kind === 'account' || kind === 'consentOf' || kind === 'accountRoles')
    return partyInWords(await findPersonParty(context, value));
  if (kind === 'client' || kind === 'clientRoles') return partyInWords(await findClientParty(context, value));
  if (kind === 'api') return api ? apiInWords(api) : value;
  if (kind === 'issuedBefore') return moment(new Date(value));
  return untrusted(value);
}

async function actorInWords(context: InspectionContext, actor: string): Promise<string> {
  if (actor === 'system') return 'this server itself';
  const colon = actor.indexOf(':');
  const [kind, id] = [actor.slice(0, colon), actor.slice(colon + 1)];
  if (kind === 'client') return `client ${partyInWords(await findClientParty(context, id))}`;
  if (kind === 'account') return `user ${partyInWords(await findPersonParty(context, id))}`;
  return untrusted(actor);
}
