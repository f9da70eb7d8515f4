import { z } from 'zod';

import { csrfToken } from '../http/csrf.ts';
import { httpError } from '../http/errors.ts';
import { showPage } from '../http/show-page.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { fieldsOf, isOurForm } from './fields.ts';
import { formTargetsOf } from './form-targets.ts';
import { destinationOf, displayName, findPerson, presentClient } from './present.ts';
import { seeOther } from './see-other.ts';

const consentForm = z.object({ decision: z.enum(['allow', 'deny']) });

export async function showConsent(context: InteractionsContext, visit: Visit): Promise<void> {
  return showConsentPage(context, visit, { stale: false, status: 200 });
}

export async function submitConsent(context: InteractionsContext, visit: Visit): Promise<void> {
  const { ctx, interaction, interactions } = visit;
  if (interaction.prompt !== 'consent') return seeOther(ctx, `/interaction/${interaction.uid}`);
  if (!isOurForm(context, visit)) return showConsentPage(context, visit, { stale: true, status: 403 });
  const form = consentForm.safeParse(fieldsOf(ctx));
  if (!form.success) throw httpError('invalid_request', 'The decision must be allow or deny.');
  const url = form.data.decision === 'allow' ? await interactions.allow(ctx) : await interactions.deny(ctx);
  return seeOther(ctx, url);
}

async function showConsentPage(
  context: InteractionsContext,
  { ctx, interaction }: Visit,
  { stale, status }: { stale: boolean; status: number },
): Promise<void> {
  const { scopes = [], apis = [], isMore = false, isRemembered = false } = interaction.consent ?? {};
  showPage(
    context.views,
    ctx,
    'consent',
    {
      uid: interaction.uid,
      csrf: csrfToken(context.secrets, ctx, interaction.uid),
      client: presentClient(interaction.client),
      person: await findPerson(context, interaction.account),
      scopes: scopes.filter((scope) => scope !== 'offline_access'),
      apis: apis.map((api) => ({ name: displayName(api.name), scopes: api.scopes })),
      offlineSeconds: scopes.includes('offline_access') ? context.config.tokens.refreshTtlSeconds : undefined,
      sessionSeconds: context.config.sessions.ttlSeconds,
      isMore,
      isRemembered,
      destination: destinationOf(interaction.redirectUri),
      stale,
    },
    { status, uiLocales: interaction.uiLocales, formTargets: formTargetsOf(interaction) },
  );
}
