import type { Knex } from 'knex';

/** Sign-ins that are looked through, the latest first: the places where somebody has been lately. */
const LOOKED_THROUGH = 50;

/** Whether one of a person's latest sign-ins came from this network (CIDR); of one who never signed in, no. */
export async function hasSignedInFrom(
  tx: Knex.Transaction,
  accountId: string,
  network: string,
): Promise<boolean> {
  const { rows } = await tx.raw<{ rows: { found: boolean }[] }>(
    `SELECT EXISTS (
       SELECT FROM (
         SELECT address FROM audit_events WHERE account_id = ? AND type = 'account.signed-in'
         ORDER BY audit_events.id DESC LIMIT ?
       ) latest
       WHERE audit_address(address) <<= audit_address(?)
     ) AS found`,
    [accountId, LOOKED_THROUGH, network],
  );
  return rows[0]?.found === true;
}
