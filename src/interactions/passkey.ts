import { z } from 'zod';

import type { SignInProblem } from '../../views/locals/core.ts';
import { findAccount } from '../accounts/store.ts';
import { amrOf } from '../authenticators/passkey.ts';
import type { Progress } from '../authenticators/progress.ts';
import { signInWithPasskey } from '../authenticators/use-passkey.ts';
import { stateOf } from '../http/middleware.ts';
import type { InteractionsContext, Steps, Visit } from './context.ts';
import { fieldsOf, isOurForm } from './fields.ts';
import { proceed } from './proceed.ts';
import { showSignIn } from './sign-in-page.ts';

export const passkeySteps = { passkey: { post: submitPasskey } } satisfies Steps;

const passkeyForm = z.object({
  response: z.string().default(''),
  remember: z.string().default(''),
});

/** A passkey instead of a name and a password: it says who it is and is two factors in one. */
async function submitPasskey(context: InteractionsContext, visit: Visit): Promise<void> {
  const { ctx, interaction } = visit;
  const { response, remember } = passkeyForm.parse(fieldsOf(ctx));
  const refuse = (status: number, kind: (SignInProblem['kind'] & `passkey${string}`) | 'stale') =>
    showSignIn(context, visit, { identifier: '', remember: remember !== '', problems: [{ kind }], status });

  if (!isOurForm(context, visit)) return refuse(403, 'stale');
  const { requestId, address } = stateOf(ctx);
  const used = await signInWithPasskey(context, {
    interactionUid: interaction.uid,
    answer: response,
    by: { actor: 'anonymous', requestId, address },
  });
  if (!used.ok) return refuse(422, used.reason === 'unverified' ? 'passkeyUnverified' : 'passkeyRejected');
  const account = await findAccount(context.db.knex, used.passkey.accountId);
  if (!account || account.disabledAt !== null) return refuse(422, 'passkeyRejected');
  const progress: Progress = {
    accountId: account.id,
    amr: [amrOf(used.passkey), 'user', 'mfa'],
    remember: remember !== '',
    identityId: null,
    upstreamSid: null,
    provedAt: context.clock.now(),
    secondFactor: 'passkey',
  };
  return proceed(context, visit, progress, account);
}
