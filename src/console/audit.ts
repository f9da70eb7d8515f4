import type { z } from 'zod';

import type { AuditEvent, LogState, Verification } from '../../views/locals/console-security.ts';
import { listCheckpointsOperation, searchEventsOperation, verifyLogOperation } from '../admin/audit.ts';
import { perform } from '../admin/perform.ts';
import type { chainReportDocument, EventDocument } from '../documents/event.ts';
import { AppError } from '../errors.ts';
import { httpError } from '../http/errors.ts';
import type { ConsoleContext, Screen, Visit } from './context.ts';
import { command } from './equivalents.ts';
import { eventInWords, KNOWN_TYPES, levelOf, reasonInWords } from './event-words.ts';
import { filled } from './form.ts';
import { pageOf } from './list.ts';
import { namesOf, type Names } from './names.ts';
import { networkToBlock } from './network-to-block.ts';
import { can } from './operator.ts';
import { idsOf, partyOf } from './party.ts';
import { show } from './show.ts';
import { instantOf } from './when.ts';
import { count } from '../words.ts';

const FILTERS = [
  'type',
  'actor',
  'client_id',
  'account_id',
  'address',
  'request_id',
  'since',
  'until',
  'min_risk',
] as const;

/** What the command line calls them. */
const OPTIONS: Readonly<Record<(typeof FILTERS)[number], string>> = {
  type: '--type',
  actor: '--actor',
  client_id: '--client',
  account_id: '--user',
  address: '--address',
  request_id: '--request',
  since: '--since',
  until: '--until',
  min_risk: '--min-risk',
};

/** What is offered to be read; the operation takes at most twenty seconds. */
const LASTS = ['10000', '100000', 'all'] as const;

/** A fact of an event is shown so far; the whole of it is exported. */
const FACT_LENGTH_MAX = 300;

export const audit: Screen = {
  path: '/audit',
  scope: 'admin:audit:read',
  entry: { group: 'Security', label: 'Audit log' },
  get: (context, visit) => showLog(context, visit, undefined),
  actions: { verify: { look: verify } },
};

async function verify(context: ConsoleContext, visit: Visit): Promise<void> {
  const { fields, operator } = visit;
  const last = LASTS.find((one) => one === fields['last']);
  if (last === undefined) throw httpError('invalid_request', 'Choose how much of the log is to be read.');
  const body = last === 'all' ? {} : { last: Number(last) };
  const { document } = await perform(context, verifyLogOperation, { body }, operator);
  return showLog(context, visit, toVerification(document));
}

async function showLog(
  context: ConsoleContext,
  visit: Visit,
  verification: Verification | undefined,
): Promise<void> {
  const { given, pager } = pageOf(visit, FILTERS);
  const { events, next, refusal } = await search(context, visit);
  const names = await namesOf(
    context,
    visit,
    idsOf(events.flatMap((event) => [event.actor, ...about(event)])),
  );
  const mayBlock = can(visit.operator, 'admin:blocks:write');
  const told = { ...visit, refusal: visit.refusal ?? refusal };
  show(context, told, 'console-audit', {
    filters: Object.fromEntries(FILTERS.map((name) => [name, given[name] ?? ''])),
    types: [...KNOWN_TYPES],
    events: events.map((event) => present(event, { mayBlock, names })),
    pager: pager(next),
    equivalent: {
      command: command('audit list', ...FILTERS.map((name) => [OPTIONS[name], given[name]] as const)),
    },
    log: await stateOfLog(context, visit),
    lasts: [...LASTS],
    verification,
  });
}

/** What was typed may be no time and no network: then nothing is found, and it is said why. */
async function search(context: ConsoleContext, visit: Visit) {
  try {
    const { query } = pageOf(visit, FILTERS);
    const time = { now: context.clock.now(), meant: 'past' } as const;
    const since = instantOf(query.since, { ...time, label: 'Since' });
    const until = instantOf(query.until, { ...time, label: 'Until' });
    const asked = { ...query, since, until };
    const { document } = await perform(context, searchEventsOperation, { query: asked }, visit.operator);
    return { ...document, refusal: undefined };
  } catch (error) {
    if (error instanceof AppError && error.status < 500) return { events: [], next: null, refusal: error };
    throw error;
  }
}

async function stateOfLog(context: ConsoleContext, { operator }: Visit): Promise<LogState> {
  const { document } = await perform(context, listCheckpointsOperation, {}, operator);
  const [latest] = document.checkpoints;
  return {
    length: document.head.seq,
    hash: document.head.hash,
    checkpoint: latest && {
      number: latest.number,
      seq: latest.seq,
      at: latest.at === null ? undefined : new Date(latest.at),
    },
  };
}

/** Whom it is about, in the form of actors. */
function about({ account_id: account, client_id: client }: EventDocument): string[] {
  return [
    ...(account === null ? [] : [`account:${account}`]),
    ...(client === null ? [] : [`client:${client}`]),
  ];
}

function present(event: EventDocument, { mayBlock, names }: { mayBlock: boolean; names: Names }): AuditEvent {
  const { address, risk } = event;
  return {
    id: event.id,
    at: new Date(event.occurred_at),
    type: event.type,
    words: eventInWords(event.type),
    actor: partyOf(event.actor, names),
    about: about(event)
      .filter((one) => one !== event.actor)
      .map((one) => partyOf(one, names)),
    requestId: event.request_id ?? undefined,
    address: address ?? undefined,
    networkToBlock: mayBlock && address !== null ? networkToBlock(address) : undefined,
    risk: risk && {
      score: risk.score,
      level: levelOf(risk.score),
      reasons: risk.reasons.map(reasonInWords).join(', '),
    },
    facts: Object.entries(event.detail).flatMap(([label, value]) => {
      const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
      return text === '' || text === 'null' ? [] : [{ label, value: text.slice(0, FACT_LENGTH_MAX) }];
    }),
  };
}

function toVerification(report: z.output<typeof chainReportDocument>): Verification {
  const { ok, events, from_seq: from, head, checkpoints, vouched_seq: vouched } = report;
  const which = from === 1 ? 'The whole log' : `The log from event ${from} on`;
  const problems = count(report.findings_count, 'problem');
  const summary = ok
    ? `${which} is as it was written: ${count(events, 'event')} read, up to ${head.seq}.`
    : `${which} is not as it was written: ${problems} in ${count(events, 'event')}.`;
  const after = head.seq - vouched;
  const signed =
    checkpoints === 0
      ? 'No checkpoint vouches for it.'
      : `${count(checkpoints, 'signed checkpoint')} agree, the last about event ${vouched}; ${count(after, 'event')} came after it.`;
  return {
    isFine: ok,
    summary,
    signed,
    findings: report.findings.map(({ code, seq, message }) => ({ code, seq: seq ?? undefined, message })),
  };
}

/** Where a search for one thing is. */
export function auditPath(filter: Readonly<Partial<Record<(typeof FILTERS)[number], string>>>): string {
  const given = Object.entries(filter).filter(([, value]) => filled(value) !== undefined);
  return `/console/audit?${new URLSearchParams(given).toString()}`;
}
