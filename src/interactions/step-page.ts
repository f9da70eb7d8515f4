import type { StepFrame } from '../../views/locals/authenticators.ts';
import type { PageLocals } from '../../views/pages.ts';
import { csrfToken } from '../http/csrf.ts';
import { showPage } from '../http/show-page.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { formTargetsOf } from './form-targets.ts';
import type { Pending } from './pending.ts';
import { destinationOf, presentClient, presentPerson } from './present.ts';

/** Templates of steps after the first factor. */
type StepPage = {
  [Name in keyof PageLocals]: PageLocals[Name] extends { readonly step: StepFrame } ? Name : never;
}[keyof PageLocals];

export function showStep<Name extends StepPage>(
  context: InteractionsContext,
  visit: Visit,
  pending: Pending,
  name: Name,
  page: Omit<PageLocals[Name], 'step'>,
  status = 200,
): void {
  const { ctx, interaction } = visit;
  const step: StepFrame = {
    uid: interaction.uid,
    csrf: csrfToken(context.secrets, ctx, interaction.uid),
    client: presentClient(interaction.client),
    person: presentPerson(pending.account),
    destination: destinationOf(interaction.redirectUri),
  };
  const locals = { ...page, step } as unknown as PageLocals[Name];
  const formTargets = formTargetsOf(interaction);
  showPage(context.views, ctx, name, locals, { status, uiLocales: interaction.uiLocales, formTargets });
}
