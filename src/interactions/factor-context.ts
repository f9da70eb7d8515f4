import type { Context } from 'koa';

import type { Language } from '../../views/language.ts';
import { chooseLanguage } from '../../views/language.ts';
import { findAccount } from '../accounts/store.ts';
import type { By, FactorContext } from '../authenticators/context.ts';
import { stateOf } from '../http/middleware.ts';
import { queueNotice } from '../mail/queue-notice.ts';
import { deviceInWords } from '../sessions/device.ts';

/** Lends the room of factors what it has no way to: the post, in the language of the page that the person acts on. */
export function factorContext(
  services: Omit<FactorContext, 'tell'>,
  ctx: Context,
  uiLocales?: string,
): FactorContext {
  const { address } = stateOf(ctx);
  const language: Language = chooseLanguage(uiLocales, ctx.get('Accept-Language'));
  const device = deviceInWords(ctx.get('User-Agent'));
  return {
    ...services,
    async tell(tx, { kind, accountId, detail }) {
      const account = await findAccount(tx, accountId);
      if (!account) return;
      const facts = { language, detail: { ...detail, address, ...(device ? { device } : {}) } };
      await queueNotice(tx, kind, account, facts, services.clock.now());
    },
  };
}

/** What a person does with their own account. */
export function byPerson(ctx: Context, accountId: string): By {
  const { requestId, address } = stateOf(ctx);
  return { actor: `account:${accountId}`, requestId, address };
}
