import type { AuditQuota } from '../audit/quota.ts';
import type { ClientCache } from '../clients/cache.ts';
import type { SecretUses } from '../clients/secret-uses.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Secrets } from '../crypto/secrets.ts';
import type { Database } from '../db/database.ts';
import type { Egress } from '../http/egress.ts';
import type { Metrics } from '../http/metrics.ts';
import type { Throttle } from '../http/throttle.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { Limits } from '../limits/limits.ts';
import type { Logger } from '../log.ts';
import type { StatusLease } from '../revocation/status-lease.ts';
import type { ApiCache } from '../resources/cache.ts';
import type { RoleCache } from '../roles/cache.ts';
import type { ProviderPages } from './pages.ts';
import type { Records } from './records.ts';

/** What the hall needs of the house. One of it serves every provider instance that is built over the life of a process. */
export interface HallContext {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly db: Database;
  readonly secrets: Secrets;
  readonly seal: Seal;
  readonly clients: ClientCache;
  readonly secretUses: SecretUses;
  readonly apis: ApiCache;
  readonly roles: RoleCache;
  readonly keys: KeyRing;
  readonly egress: Egress;
  readonly throttle: Throttle;
  readonly auditQuota: AuditQuota;
  readonly limits: Limits;
  readonly records: Records;
  readonly statusLease: StatusLease;
  readonly metrics: Metrics;
  readonly pages: ProviderPages;
}
