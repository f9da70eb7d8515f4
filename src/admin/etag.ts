import { sha256 } from '../crypto/digest.ts';
import { AppError } from '../errors.ts';

/** RFC 9110 §8.8.3: a strong validator of a document. Which secrets a client has, and when they were used, is no part of what is edited. */
export function etagOf(document: unknown): string {
  const text = JSON.stringify(document, (member: string, value: unknown) =>
    member === 'secrets' ? undefined : value,
  );
  return `"${sha256(text).toString('base64url')}"`;
}

/** RFC 9110 §13.1.1. `undefined`: nothing is asked for. Throws `precondition_failed` (412). */
export function checkIfMatch(condition: string | undefined, document: unknown): void {
  if (condition === undefined || condition.trim() === '*' || lists(condition, etagOf(document))) return;
  throw new AppError(
    'precondition_failed',
    'It was changed since you read it. Read it again and repeat your change.',
    {
      status: 412,
    },
  );
}

/** RFC 9110 §13.1.2, compared weakly: a proxy that compresses weakens the tag. */
export function isNotModified(condition: string | undefined, etag: string): boolean {
  return condition !== undefined && (condition.trim() === '*' || lists(condition.replaceAll('W/', ''), etag));
}

function lists(condition: string, etag: string): boolean {
  return condition.split(',').some((one) => one.trim() === etag);
}
