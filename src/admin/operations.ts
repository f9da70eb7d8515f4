import { apiOperations } from './apis.ts';
import { clientOperations } from './clients.ts';
import { grantOperations } from './grants.ts';
import type { Operation } from './operation.ts';
import { sessionOperations } from './sessions.ts';
import { userCredentialOperations } from './user-credentials.ts';
import { userOperations } from './users.ts';

/** Everything that can be done. */
export const OPERATIONS: readonly Operation[] = [
  ...clientOperations,
  ...apiOperations,
  ...userOperations,
  ...userCredentialOperations,
  ...sessionOperations,
  ...grantOperations,
];
