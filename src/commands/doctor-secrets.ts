import { listExpiring } from '../clients/secret-store.ts';
import { warnedBefore } from '../clients/warn-of-expiry.ts';
import { COMMAND } from './command-name.ts';
import type { CommandContext } from './context.ts';
import type { Finding } from './doctor-action.ts';
import { count } from '../words.ts';
import { moment } from './outcome.ts';

/** As many as are named. */
const NAMED_MAX = 5;

/** Clients that will be without a secret soon, or are already. */
export async function checkSecrets({ db, clock }: CommandContext): Promise<Finding> {
  const expiring = await listExpiring(db.knex, warnedBefore(clock.now()));
  if (expiring.length === 0) {
    return { check: 'secrets', state: 'ok', message: 'No client is about to be without a secret.' };
  }
  const named = expiring
    .slice(0, NAMED_MAX)
    .map(({ clientId, expiresAt }) => `${clientId} (${moment(expiresAt)})`);
  const more = expiring.length > NAMED_MAX ? ', …' : '';
  return {
    check: 'secrets',
    state: 'warning',
    message: `The last secret of ${count(expiring.length, 'client')} expires: ${named.join(', ')}${more}`,
    advice: `Give them another: ${COMMAND} clients rotate-secret <client>`,
  };
}
