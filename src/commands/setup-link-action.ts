import { mintSetupLink } from '../console/setup-link.ts';
import { ensureAdminApi } from '../admin/built-in-api.ts';
import { moment } from './outcome.ts';
import type { Action } from './run.ts';

export const makeSetupLink: Action = async (context) => {
  // A server makes it at its start, and there may have been none yet.
  await ensureAdminApi(context);
  const link = await mintSetupLink(context, { onlyFirst: false });
  if (!link) throw new Error('a link was refused that is for anybody');
  return {
    json: { url: link.url, expires_at: link.expiresAt.toISOString() },
    text: `${link.url}\n\nGood once, until ${moment(link.expiresAt)}.`,
  };
};
