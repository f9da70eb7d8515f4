import { chooseLanguage } from '../../views/language.ts';
import type { AccountPages as Views } from '../../views/locals/account.ts';
import { foldIdentifier, type Account } from '../accounts/account.ts';
import { stateOf } from '../http/middleware.ts';
import { fieldsOf } from '../interactions/fields.ts';
import { seeOther } from '../interactions/see-other.ts';
import { deleteAccount } from '../revocation/delete-account.ts';
import type { AccountContext, AccountPage, AccountVisit } from './context.ts';
import { exportAccount } from './export-account.ts';
import { handOf } from './hand.ts';
import { SIGNED_OUT_PATH } from './sign-out.ts';
import { showAccountPage } from './show-account-page.ts';

/** What is kept of a person, to take along (GDPR Art. 15 and 20), and its end (Art. 17). */
export const data: AccountPage = {
  get: async (context, visit) => show(context, visit, undefined),
  actions: {
    export: { run: download, fresh: true },
    delete: { run: remove, fresh: true },
  },
};

async function download(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { ctx, account } = visit;
  const document = await exportAccount(context, account, handOf(visit));
  ctx.set('Cache-Control', 'no-store');
  ctx.attachment('account.json');
  ctx.type = 'application/json';
  ctx.body = `${JSON.stringify(document, null, 2)}\n`;
}

async function remove(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { ctx, account } = visit;
  const { confirmation = '' } = fieldsOf(ctx);
  if (foldIdentifier(confirmation) !== identifierOf(account)) {
    return show(context, visit, { kind: 'confirmationWrong' });
  }
  const { address } = stateOf(ctx);
  const language = chooseLanguage(account.profile.locale, ctx.get('Accept-Language'));
  const notice = { language, detail: { address } };
  await deleteAccount(context, account.id, `account:${account.id}`, notice);
  context.sessions.forget(ctx);
  return seeOther(ctx, SIGNED_OUT_PATH);
}

function show(context: AccountContext, visit: AccountVisit, problem: Views['account-data']['problem']): void {
  const page = { identifier: identifierOf(visit.account), problem };
  showAccountPage(context, visit, 'account-data', 'data', page, problem ? { status: 422 } : {});
}

function identifierOf({ email, username, id }: Account): string {
  return email ?? username ?? id;
}
