import type { Account } from '../../src/accounts/account.ts';
import type { Page, Walker } from './browser-walker.ts';
import { PASSWORD } from './factories.ts';

/** Fills in whatever pages come up, allowing everything, until the browser leaves for the client or the flow ends here. */
export async function walkThrough(walker: Walker, page: Page, person: Account): Promise<Page> {
  let current = page;
  for (let step = 0; step < 5 && !current.leavesTo; step += 1) {
    if (current.html.includes('name="password"')) {
      current = await walker.submit(
        current,
        { identifier: person.email ?? '', password: PASSWORD },
        { form: '/sign-in' },
      );
    } else if (current.html.includes('name="decision"')) {
      current = await walker.submit(current, {}, { name: 'decision', value: 'allow' });
    } else {
      return current;
    }
  }
  return current;
}
