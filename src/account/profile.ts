import type { ProfileField } from '../../views/locals/account.ts';
import { isTimeZone } from '../../views/moment.ts';
import type { Account, Profile } from '../accounts/account.ts';
import { mergeProfile } from '../accounts/rules.ts';
import { updateAccount } from '../accounts/update-account.ts';
import { AppError } from '../errors.ts';
import { fieldsOf } from '../interactions/fields.ts';
import { seeOther } from '../interactions/see-other.ts';
import type { AccountContext, AccountPage, AccountVisit } from './context.ts';
import { localesWith } from './locales.ts';
import { leaveNotice } from './notice.ts';
import { showAccountPage } from './show-account-page.ts';

type Values = Readonly<Partial<Record<ProfileField, string>>>;

/** What people may change of their profile. Address and username are what they sign in with and have pages of their own. */
const FIELDS = [
  'name',
  'given_name',
  'family_name',
  'nickname',
  'birthdate',
  'phone_number',
  'website',
  'picture',
  'locale',
  'zoneinfo',
] as const satisfies readonly ProfileField[];

export const profile: AccountPage = {
  get: async (context, visit) => show(context, visit, { values: valuesOf(visit.account), problems: [] }),
  actions: { save: { run: save } },
};

async function save(context: AccountContext, visit: AccountVisit): Promise<void> {
  const { ctx, account } = visit;
  const typed = fieldsOf(ctx);
  // What the form did not send stays as it is.
  const values: Values = Object.fromEntries(
    FIELDS.map((field) => [field, typed[field]?.trim() ?? account.profile[field] ?? '']),
  );
  const problems = FIELDS.filter((field) => !isFine(field, values[field] ?? ''));
  if (problems.length > 0) return show(context, visit, { values, problems });

  const changes = changesOf(account.profile, values);
  if (Object.keys(changes).length > 0) {
    await updateAccount(context, account.id, { profile: changes }, `account:${account.id}`);
  }
  leaveNotice(ctx, { kind: 'saved' });
  return seeOther(ctx, '/account/profile');
}

function show(
  context: AccountContext,
  visit: AccountVisit,
  { values, problems }: { values: Values; problems: readonly ProfileField[] },
): void {
  const zone = values.zoneinfo ?? '';
  const zones = Intl.supportedValuesOf('timeZone');
  showAccountPage(
    context,
    visit,
    'account-profile',
    'profile',
    {
      values,
      problems: problems.map((kind) => ({ field: { kind } })),
      locales: localesWith(values.locale ?? ''),
      // What was stored by others stays a choice.
      zones: zone === '' || zones.includes(zone) ? zones : [zone, ...zones],
    },
    problems.length > 0 ? { status: 422 } : {},
  );
}

function valuesOf({ profile: stored }: Account): Values {
  return Object.fromEntries(FIELDS.map((field) => [field, stored[field] ?? '']));
}

/** By the rules that hold for everybody who writes profiles; a time zone must also be one. */
function isFine(field: ProfileField, value: string): boolean {
  if (value === '') return true;
  if (field === 'zoneinfo' && !isTimeZone(value)) return false;
  try {
    mergeProfile({}, { [field]: value });
    return true;
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_profile') return false;
    throw error;
  }
}

/** Only what differs, so that two pages open at once do not undo each other's changes. Empty takes a claim away. */
function changesOf(stored: Profile, values: Values): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  for (const field of FIELDS) {
    const value = values[field] ?? '';
    if (value !== (stored[field] ?? '')) changes[field] = value === '' ? null : value;
  }
  // That the old number was theirs says nothing of the new one.
  if ('phone_number' in changes && stored.phone_number_verified !== undefined)
    changes['phone_number_verified'] = null;
  return changes;
}
