import { LINK_TTL_SECONDS } from '../accounts/link.ts';
import { csrfToken } from '../http/csrf.ts';
import { showPage } from '../http/show-page.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { formTargetsOf } from './form-targets.ts';
import { destinationOf, presentClient } from './present.ts';

const VALID_SECONDS = {
  registration: LINK_TTL_SECONDS.registration,
  reset: LINK_TTL_SECONDS['password-reset'],
} as const;

/** The same words for everybody: whether a mail was sent, and what it says, only the mailbox shows. */
export async function showCheckMail(
  { views, secrets }: InteractionsContext,
  { ctx, interaction }: Visit,
  about: keyof typeof VALID_SECONDS,
): Promise<void> {
  const page = {
    uid: interaction.uid,
    csrf: csrfToken(secrets, ctx, interaction.uid),
    client: presentClient(interaction.client),
    destination: destinationOf(interaction.redirectUri),
    about,
    validSeconds: VALID_SECONDS[about],
  };
  showPage(views, ctx, 'check-mail', page, {
    uiLocales: interaction.uiLocales,
    formTargets: formTargetsOf(interaction),
  });
}
