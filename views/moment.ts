import type { Language } from './language.ts';

/** A moment in words, in the reader's time zone as far as it is one. */
export function moment(language: Language, at: Date, timeZone: string): string {
  return formatFor(language, timeZone).format(at);
}

/** Whether it names a time zone that we know. */
export function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}

function formatFor(language: Language, timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: isTimeZone(timeZone) ? timeZone : 'UTC',
  });
}
