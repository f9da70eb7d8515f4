import type { Account } from '../../src/accounts/account.ts';
import { ADMIN_API_ID } from '../../src/resources/built-in.ts';
import { unassignRole } from '../../src/revocation/unassign-role.ts';
import { assignRole } from '../../src/roles/assign-role.ts';
import { findRoleByName } from '../../src/roles/store.ts';
import { signIn, walkerFor } from '../interactions/visit.ts';
import type { Page, Walker } from '../support/browser-walker.ts';
import { makePerson } from '../support/factories.ts';
import { giveTotp } from '../support/factors.ts';
import type { TestServer } from '../support/server.ts';

export interface Operator {
  readonly person: Account;
  readonly walker: Walker;
  readonly page: Page;
}

/** Gives a role of the admin API. */
export async function giveAdminRole(server: TestServer, person: Account, name: string): Promise<void> {
  const role = await findRoleByName(server.services.db.knex, { apiId: ADMIN_API_ID, name });
  if (!role) throw new Error(`there is no role ${name}`);
  await assignRole(server.services, { roleId: role.id, subject: { accountId: person.id }, actor: 'test' });
}

/** Somebody with a role and a second factor, signed in at a screen of the console in a browser of their own. */
export async function openConsole(
  server: TestServer,
  { role = 'owner', path = '/console' }: { role?: string; path?: string } = {},
): Promise<Operator> {
  const person = await makePerson(server.services);
  await giveAdminRole(server, person, role);
  const app = await giveTotp(server.services, person);
  const walker = walkerFor(server);
  const code = await signIn(walker, await walker.visit(path), person.email ?? '');
  const page = await walker.submit(
    code,
    { code: app.code(server.services.clock.now()) },
    { form: '/second-factor' },
  );
  return { person, walker, page };
}
/** And takes it again. */
export async function takeRole({ services }: TestServer, { id }: Account, name: string): Promise<void> {
  const role = await findRoleByName(services.db.knex, { apiId: ADMIN_API_ID, name });
  await unassignRole(services, { roleId: role?.id ?? '', subject: { accountId: id }, actor: 'test' });
}
