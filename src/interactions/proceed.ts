import type { Progress } from '../authenticators/progress.ts';
import { deleteProgress } from '../authenticators/progress-store.ts';
import { completeSignIn } from './complete.ts';
import type { InteractionsContext, Visit } from './context.ts';

/**
 * Something was proved: goes on to what is still missing, or back to the client. Every way of signing in ends here, so that
 * no way leads past a factor.
 */
export async function proceed(context: InteractionsContext, visit: Visit, progress: Progress): Promise<void> {
  await deleteProgress(context.db.knex, visit.interaction.uid);
  await completeSignIn(context, visit, progress);
}
