import type { AccountPageName } from '../../views/locals/account.ts';

/** Where the page of this name is. */
export function pathOfPage(name: AccountPageName): string {
  return name === 'overview' ? '/account' : `/account/${name}`;
}
