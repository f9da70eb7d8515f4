import { findFactors } from '../authenticators/factor-store.ts';
import { listPasskeys } from '../authenticators/passkey-store.ts';
import { removePasskey, removeTotp } from '../authenticators/remove-factor.ts';
import { httpError } from '../http/errors.ts';
import { factorContext } from '../interactions/factor-context.ts';
import { seeOther } from '../interactions/see-other.ts';
import type { AccountContext, AccountVisit } from './context.ts';
import { handOf } from './hand.ts';
import { leaveSecurity, SECURITY_PATH } from './security-paths.ts';
import { showAccountPage } from './show-account-page.ts';

/** The authenticator app, of which there is one, among ids of passkeys. */
const TOTP = 'totp';

/** Asks once more, and says what it means. */
export async function showRemoval(
  context: AccountContext,
  visit: AccountVisit,
  item: string,
  { isRefused = false }: { isRefused?: boolean } = {},
): Promise<void> {
  const { db, config } = context;
  const { totp, passkeys: count } = await findFactors(db.knex, visit.account.id);
  const passkeys = await listPasskeys(db.knex, visit.account.id);
  const passkey = passkeys.find(({ id }) => id === item);
  if (!passkey && !(item === TOTP && totp)) return seeOther(visit.ctx, SECURITY_PATH);
  const isLast = count + Number(totp) === 1;
  const isRequired = isLast && config.authentication.multiFactor === 'required';
  showAccountPage(
    context,
    visit,
    'account-remove-factor',
    'security',
    { item: passkey?.id ?? TOTP, name: passkey?.name, isLast, isRequired },
    { status: isRefused ? 422 : 200 },
  );
}

export async function removeFactor(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { ctx, account, item = '' } = visit;
  const factors = factorContext(context, ctx);
  const input = { accountId: account.id, by: handOf(visit) };
  const removed =
    item === TOTP ? await removeTotp(factors, input) : await removePasskey(factors, { ...input, id: item });
  if (removed.ok) return leaveSecurity(ctx);
  if (removed.reason === 'required') return showRemoval(context, visit, item, { isRefused: true });
  throw httpError('not_found', 'There is no such passkey or app.');
}
