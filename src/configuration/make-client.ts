import { createClient } from '../clients/create-client.ts';
import { enableClient } from '../clients/enable-client.ts';
import { digestSecret } from '../clients/secret.ts';
import { setClientBrand } from '../clients/set-brand.ts';
import { updateClient } from '../clients/update-client.ts';
import { unassignRole } from '../revocation/unassign-role.ts';
import { assignRole } from '../roles/assign-role.ts';
import { getTrustedIssuer } from '../upstream/trusted-issuer-store.ts';
import { isSame } from './difference.ts';
import { readLogo } from './logo.ts';
import { roleIdOf, type Making } from './make-things.ts';
import type { ClientNormal } from './normal-client.ts';
import type { Step } from './plan.ts';
import { rememberSecret } from './store.ts';

/** Shown this once; only its digest is kept. */
export interface MadeSecret {
  readonly clientId: string;
  readonly secret: string;
}

/** The client without what mentions other clients, which may not be there yet. */
export async function makeClient(
  ctx: Making,
  step: Step,
  wanted: ClientNormal,
): Promise<MadeSecret | undefined> {
  const { stored } = step;
  const before = stored?.kind === 'client' ? stored.document : undefined;
  const { brought = [], ended = [] } = step.secrets ?? {};
  const common = {
    firstParty: wanted.first_party,
    requirement: wanted.requirement,
    apis: Object.entries(wanted.apis).map(([audience, scopes]) => ({ audience, scopes })),
    defaultAudience: wanted.default_api,
    actsForAudience: wanted.acts_for,
  };
  const { secret } = before
    ? await updateClient(
        ctx,
        wanted.client_id,
        {
          ...common,
          metadata: { ...nulls(before.metadata), ...wanted.metadata },
          removeApis: Object.keys(before.apis).filter((audience) => !Object.hasOwn(wanted.apis, audience)),
          secrets: { brought, ended },
        },
        ctx.actor,
      )
    : await createClient(ctx, {
        ...common,
        id: wanted.client_id,
        metadata: wanted.metadata,
        secrets: brought,
        actor: ctx.actor,
      });
  for (const value of brought) {
    await rememberSecret(ctx.tx, wanted.client_id, digestSecret(ctx.secrets, value).digest);
  }
  await setBrand(ctx, before, wanted);
  if (before?.disabled && !wanted.disabled) await enableClient(ctx, wanted.client_id, ctx.actor);
  return secret === undefined ? undefined : { clientId: wanted.client_id, secret };
}

/** What mentions other things: whose tokens it may exchange, which roles it has. */
export async function connectClient(ctx: Making, { stored }: Step, wanted: ClientNormal): Promise<void> {
  const before = stored?.kind === 'client' ? stored.document : undefined;
  if (!isSame(before?.exchange ?? NO_EXCHANGE, wanted.exchange)) {
    const { impersonation, apis, client_ids: clientIds, trusted_issuers: issuers } = wanted.exchange;
    const issuerIds: string[] = [];
    for (const issuer of issuers) issuerIds.push((await getTrustedIssuer(ctx.tx, issuer)).id);
    const exchange = { impersonation, audiences: apis, clientIds, issuerIds };
    await updateClient(ctx, wanted.client_id, { exchange }, ctx.actor);
  }
  const subject = { clientId: wanted.client_id };
  for (const key of wanted.roles.filter((role) => !before?.roles.includes(role))) {
    await assignRole(ctx, { roleId: await roleIdOf(ctx, key), subject, actor: ctx.actor });
  }
  for (const key of before?.roles.filter((role) => !wanted.roles.includes(role)) ?? []) {
    await unassignRole(ctx, { roleId: await roleIdOf(ctx, key), subject, actor: ctx.actor });
  }
}

const NO_EXCHANGE: ClientNormal['exchange'] = {
  impersonation: false,
  apis: [],
  client_ids: [],
  trusted_issuers: [],
};

async function setBrand(ctx: Making, before: ClientNormal | undefined, wanted: ClientNormal): Promise<void> {
  const { color, logo } = wanted.brand;
  if (isSame(before?.brand ?? { color: null, logo: null }, wanted.brand)) return;
  const picture = logo === null ? null : readLogo(logo);
  const body = picture && !('problem' in picture && picture.problem !== undefined) ? picture.body : null;
  await setClientBrand(ctx, wanted.client_id, { color, logo: body }, ctx.actor);
}

function nulls(metadata: Readonly<Record<string, unknown>>): Record<string, null> {
  return Object.fromEntries(Object.keys(metadata).map((member) => [member, null]));
}
