import { readOverview } from '../admin/overview.ts';
import { COUNT_MAX } from '../admin/overview-store.ts';
import { fields, paragraphs } from './outcome.ts';
import type { Action } from './run.ts';

export const overview: Action = async (context) => {
  const json = await readOverview(context);
  const { totals, tokens_per_minute: tokens, sign_ins_per_hour: signIns, health, overdue } = json;
  const revocations = json.revocations_per_minute;
  return {
    json,
    text: paragraphs(
      fields(Object.entries(totals).map(([noun, total]) => [noun, orMore(total)])),
      fields([
        ['tokens in the last hour', sum(tokens.map(({ issued }) => issued))],
        ['sign-ins in the last day', sum(signIns.map(({ signed_in: count }) => count))],
        ['failed', sum(signIns.map(({ failed }) => failed))],
        ['revoked in the last hour', sum(revocations.map(({ tokens: count }) => count))],
      ]),
      fields([
        ['mails overdue', String(overdue.mails)],
        ['sign-outs overdue', String(overdue.logouts)],
        ['pending migrations', health.pending_migrations.join(' ')],
        ['no key to sign with', health.algs_without_key.join(' ')],
      ]),
    ),
  };
};

function sum(figures: readonly number[]): string {
  return String(figures.reduce((total, figure) => total + figure, 0));
}

function orMore(count: number): string {
  return count >= COUNT_MAX ? `${COUNT_MAX} or more` : String(count);
}
