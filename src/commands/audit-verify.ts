import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import { checkpointKeys, fromPublicJwk, type CheckpointKey } from '../audit/checkpoint-keys.ts';
import { findCheckpoints } from '../audit/checkpoint.ts';
import { verifyChain, type ChainReport } from '../audit/verify-chain.ts';
import { chainReportToJson } from '../documents/event.ts';
import type { AuditFinding } from '../audit/findings.ts';
import { count } from '../words.ts';
import { moment, paragraphs, table } from './outcome.ts';
import { parseOptions, texts, wholeNumber } from './parse.ts';
import type { Action } from './run.ts';
import { UsageError } from './usage-error.ts';

const atLeastOne = wholeNumber.pipe(z.number().min(1, 'must be at least 1'));
const verifyOptions = z.object({ checkpoint: texts, key: texts, last: atLeastOne.optional() });

export const verify: Action = async ({ db, config, secrets }, { options }) => {
  const given = parseOptions(verifyOptions, options);
  const known = (await Promise.all(given.checkpoint.map(readCheckpoints))).flat();
  const olderKeys = (await Promise.all(given.key.map(readKeys))).flat();
  const keys = [...checkpointKeys(secrets), ...olderKeys];
  const report = await verifyChain(
    { pool: db.pool, keys, issuer: config.issuer },
    { known, last: given.last },
  );
  return { json: chainReportToJson(report), text: inWords(report), exitCode: report.ok ? 0 : 1 };
};

function inWords({
  ok,
  events,
  head,
  checkpoints,
  vouchedSeq,
  findings,
  findingsCount,
}: ChainReport): string {
  const open = head.seq - vouchedSeq;
  const vouched =
    checkpoints === 0
      ? 'No checkpoint vouches for it.'
      : `${count(checkpoints, 'checkpoint')} ${checkpoints === 1 ? 'agrees' : 'agree'}, the last about event ${vouchedSeq}${open > 0 ? `; ${count(open, 'event')} came after it` : ''}.`;
  if (ok) return `The log is whole: ${count(events, 'event')}, hash ${head.hash}. ${vouched}`;
  const more = findingsCount - findings.length;
  return paragraphs(
    `The log is not what was recorded: ${count(findingsCount, 'finding')} in ${count(events, 'event')}. ${vouched}`,
    table(['WHAT', 'LINK', 'EVENT', 'AT', ''], findings.map(rowOf)),
    more > 0 && `and ${more} more`,
  );
}

function rowOf({ code, seq, eventId, at, message }: AuditFinding): string[] {
  return [code, String(seq ?? ''), String(eventId ?? ''), moment(at ?? null), message];
}

/** More are a log of ten years, a checkpoint a minute. */
const CHECKPOINTS_MAX = 5_000_000;

async function readCheckpoints(given: string): Promise<string[]> {
  const found = findCheckpoints(given);
  if (found.length > 0) return found;
  if (!existsSync(given)) throw new UsageError(`--checkpoint ${given} is neither a checkpoint nor a file.`);
  for await (const line of createInterface({ input: createReadStream(given), crlfDelay: Infinity })) {
    found.push(...findCheckpoints(line));
    if (found.length > CHECKPOINTS_MAX) throw new UsageError(`There are too many checkpoints in ${given}.`);
  }
  if (found.length === 0) throw new UsageError(`There is no checkpoint in ${given}.`);
  return found;
}

const jwk = z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() });
const keyFile = z.union([
  z.object({ keys: z.array(jwk) }).transform(({ keys }) => keys),
  jwk.transform((key) => [key]),
]);

async function readKeys(given: string): Promise<CheckpointKey[]> {
  const text = given.trim().startsWith('{') ? given : await readFile(given, 'utf8').catch(() => '');
  try {
    return keyFile.parse(JSON.parse(text)).map(fromPublicJwk);
  } catch {
    throw new UsageError(`--key ${given} is no public key as guichet audit key prints it.`);
  }
}
