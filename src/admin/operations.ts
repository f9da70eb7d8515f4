import { apiOperations } from './apis.ts';
import { auditOperations } from './audit.ts';
import { blockOperations } from './blocks.ts';
import { clientPartOperations } from './client-parts.ts';
import { clientOperations } from './clients.ts';
import { configurationOperations } from './configuration.ts';
import { explanationOperations } from './explanations.ts';
import { grantOperations } from './grants.ts';
import { identityProviderGroupOperations } from './identity-provider-groups.ts';
import { identityProviderOperations } from './identity-providers.ts';
import { keyOperations } from './keys.ts';
import type { Operation } from './operation.ts';
import { overviewOperations } from './overview.ts';
import { policyOperations } from './policies.ts';
import { reportOperations } from './reports.ts';
import { roleAssignmentOperations } from './role-assignments.ts';
import { roleOperations } from './roles.ts';
import { sessionOperations } from './sessions.ts';
import { settingOperations } from './settings.ts';
import { tokenOperations } from './tokens.ts';
import { userCredentialOperations } from './user-credentials.ts';
import { userOperations } from './users.ts';
import { webhookOperations } from './webhooks.ts';

/** Everything that can be done. */
export const OPERATIONS: readonly Operation[] = [
  ...overviewOperations,
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
  ...identityProviderGroupOperations,
  ...policyOperations,
  ...roleOperations,
  ...roleAssignmentOperations,
  ...blockOperations,
  ...explanationOperations,
  ...auditOperations,
  ...reportOperations,
  ...webhookOperations,
  ...settingOperations,
  ...configurationOperations,
];
