import type { Difference, Form } from '../../views/locals/console.ts';
import { etagOf } from '../admin/etag.ts';
import type { Visit } from './context.ts';

type Values = Readonly<Record<string, string>>;

/** The hidden field with what the form was made from (RFC 9110 §13.1.1). */
const ETAG_FIELD = 'etag';

/**
 * What stands in the form of one thing: what is stored or, when it came back, what was typed; and where the two differ because
 * somebody else was quicker. The form that comes back has the new tag: sent again, it is meant. `labels` are the fields of the form.
 */
export function formOf(
  { fields, refusal }: Pick<Visit, 'fields' | 'refusal'>,
  document: unknown,
  stored: Values,
  labels: Values,
): Form {
  const etag = etagOf(document);
  if (!refusal) return { values: stored, etag, differences: [] };
  const names = Object.keys(labels);
  const isOfThisForm = names.some((name) => Object.hasOwn(fields, name));
  const values = isOfThisForm ? fields : stored;
  return {
    values,
    etag,
    differences: refusal.code === 'precondition_failed' ? differences(values, stored, labels) : [],
  };
}

/** For `perform`: the change is made only to what the operator saw. */
export function seen({ fields }: Pick<Visit, 'fields'>): { ifMatch: string | undefined } {
  return { ifMatch: fields[ETAG_FIELD] };
}

/** The lines of a text field, without empty ones. */
export function lines(text: string | undefined): string[] {
  return (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

export function words(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).filter(Boolean);
}

/** undefined for a field that was left empty. */
export function filled(text: string | undefined): string | undefined {
  const trimmed = (text ?? '').trim();
  return trimmed === '' ? undefined : trimmed;
}

function differences(yours: Values, stored: Values, labels: Values): Difference[] {
  return Object.entries(labels).flatMap(([name, field]) => {
    const [mine, theirs] = [normal(yours[name]), normal(stored[name])];
    return mine === theirs ? [] : [{ field, yours: mine, stored: theirs }];
  });
}

function normal(text = ''): string {
  return text.replaceAll('\r\n', '\n').trim();
}
