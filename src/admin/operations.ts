import { apiOperations } from './apis.ts';
import { clientPartOperations } from './client-parts.ts';
import { clientOperations } from './clients.ts';
import { grantOperations } from './grants.ts';
import { identityProviderOperations } from './identity-providers.ts';
import { keyOperations } from './keys.ts';
import type { Operation } from './operation.ts';
import { policyOperations } from './policies.ts';
import { sessionOperations } from './sessions.ts';
import { tokenOperations } from './tokens.ts';
import { userCredentialOperations } from './user-credentials.ts';
import { userOperations } from './users.ts';

/** Everything that can be done. */
export const OPERATIONS: readonly Operation[] = [
  ...clientOperations,
  ...clientPartOperations,
  ...apiOperations,
  ...userOperations,
  ...userCredentialOperations,
  ...sessionOperations,
  ...grantOperations,
  ...tokenOperations,
  ...keyOperations,
  ...identityProviderOperations,
  ...policyOperations,
];
