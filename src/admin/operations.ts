import { apiOperations } from './apis.ts';
import { clientOperations } from './clients.ts';
import type { Operation } from './operation.ts';

/** Everything that can be done. */
export const OPERATIONS: readonly Operation[] = [...clientOperations, ...apiOperations];
