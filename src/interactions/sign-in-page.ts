import type { Person, SignInProblem } from '../../views/locals/core.ts';
import { foldIdentifier } from '../accounts/account.ts';
import { csrfToken } from '../http/csrf.ts';
import { showPage } from '../http/show-page.ts';
import type { Interaction } from '../oidc/interactions.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { offersOf } from './offers.ts';
import { formTargetsOf } from './form-targets.ts';
import { destinationOf, findPerson, presentClient } from './present.ts';

/** What was typed, and what was wrong with it, when the form comes back. */
export interface Refusal {
  readonly identifier: string;
  readonly remember: boolean;
  readonly problems: readonly SignInProblem[];
  readonly status: number;
}

/** The client wants somebody else than the person signed in. */
const OTHER_PERSON_WANTED = new Set(['id_token_hint', 'claims_id_token_sub_value']);

export async function showSignIn(
  context: InteractionsContext,
  visit: Visit,
  refusal?: Refusal,
): Promise<void> {
  const { ctx, interaction } = visit;
  const signedIn = await findPerson(context, interaction.account);
  const wanted = refusal?.identifier ?? interaction.loginHint ?? '';
  const wantsOther = ctx.query['account'] === 'other' || interaction.prompt !== 'login';
  const person = signedIn && !wantsOther && mayBe(signedIn, wanted, interaction) ? signedIn : undefined;
  showPage(
    context.views,
    ctx,
    'sign-in',
    {
      uid: interaction.uid,
      csrf: csrfToken(context.secrets, ctx, interaction.uid),
      client: presentClient(interaction.client),
      person,
      otherPerson: person || isUnwanted(interaction) ? undefined : signedIn,
      identifier: wanted,
      remember: refusal?.remember ?? false,
      problems: refusal?.problems ?? [],
      destination: destinationOf(interaction.redirectUri),
      offers: await offersOf(context, visit),
    },
    {
      uiLocales: interaction.uiLocales,
      formTargets: formTargetsOf(interaction),
      ...(refusal ? { status: refusal.status } : {}),
    },
  );
}

/** Whether the form may ask the person signed in for their password alone. */
function mayBe(person: Person, wanted: string, interaction: Interaction): boolean {
  if (isUnwanted(interaction)) return false;
  return wanted === '' || foldIdentifier(wanted) === foldIdentifier(person.identifier);
}

function isUnwanted({ reasons }: Interaction): boolean {
  return reasons.some((reason) => OTHER_PERSON_WANTED.has(reason));
}
