import { csrfToken } from '../http/csrf.ts';
import { showPage } from '../http/show-page.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { formTargetsOf } from './form-targets.ts';
import { destinationOf, findPerson, presentClient } from './present.ts';
import { showSignIn } from './sign-in-page.ts';

/** `prompt=select_account`: go on as whoever is signed in, or as somebody else. */
export async function showChooser(context: InteractionsContext, visit: Visit): Promise<void> {
  const { ctx, interaction } = visit;
  const person = await findPerson(context, interaction.account);
  if (!person) return showSignIn(context, visit);
  showPage(
    context.views,
    ctx,
    'choose-account',
    {
      uid: interaction.uid,
      csrf: csrfToken(context.secrets, ctx, interaction.uid),
      client: presentClient(interaction.client),
      person,
      destination: destinationOf(interaction.redirectUri),
    },
    { uiLocales: interaction.uiLocales, formTargets: formTargetsOf(interaction) },
  );
}
