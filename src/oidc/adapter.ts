import type { Adapter, AdapterFactory } from 'oidc-provider';

import { createArtifactAdapter } from './artifact-adapter.ts';
import { createClientAdapter } from './client-adapter.ts';
import type { HallContext } from './context.ts';
import { createGrantAdapter } from './grant-adapter.ts';
import { createSessionAdapter } from './session-adapter.ts';

/**
 * The library's storage contract, model by model. What it leaves to the adapter is decided here: single use by one
 * conditional statement, sessions merged instead of overwritten, digests instead of values.
 */
export function createAdapterFactory(hall: HallContext): AdapterFactory {
  const special: Record<string, (hall: HallContext) => Adapter> = {
    Client: createClientAdapter,
    Grant: createGrantAdapter,
    Session: createSessionAdapter,
  };
  return (model) => special[model]?.(hall) ?? createArtifactAdapter(hall, model);
}
