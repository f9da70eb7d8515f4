import { z } from 'zod';

import { invitationToJson } from '../documents/user.ts';
import { invite } from '../interactions/invite.ts';
import { sendReset as sendResetTo } from '../interactions/send-reset.ts';
import { ACTOR } from './actor.ts';
import { moment, paragraphs } from './outcome.ts';
import { parseArgument, parseOptions } from './parse.ts';
import type { Action } from './run.ts';
import { getUserByName } from './user-actions.ts';

export const inviteUser: Action = async (context, { args, options }) => {
  const { name } = parseOptions(z.object({ name: z.string().optional() }), options);
  const email = parseArgument(args, 0, 'email');
  const invitation = await invite(context, { email, name, actor: ACTOR });
  const { url, expiresAt, isMailed } = invitation;
  return {
    json: invitationToJson(invitation),
    text: paragraphs(
      isMailed
        ? `An invitation is on its way to ${invitation.email}.`
        : `There is no mail server, so nothing is sent to ${invitation.email}.`,
      `You can hand this link on yourself. It is shown only now, and good until ${moment(expiresAt)}:\n  ${url}`,
    ),
  };
};

export const sendReset: Action = async (context, { args }) => {
  const account = await getUserByName(context.db.knex, parseArgument(args, 0, 'user'));
  const { recipient } = await sendResetTo(context, account, ACTOR);
  return {
    json: { id: account.id, recipient },
    text: `A link to choose a password is on its way to ${recipient}. Until it is used, nothing changes.`,
  };
};
