import type { Json, Settings, Thing } from './configuration.ts';
import { apiToFile } from './normal-api.ts';
import { clientToFile } from './normal-client.ts';
import { issuerToFile } from './normal-issuer.ts';
import { providerToFile } from './normal-provider.ts';
import { roleToFile } from './normal-role.ts';

/** What a file has to say of a thing: sorted, without defaults and without its secrets. */
export function thingToFile(thing: Thing, config: Settings): Readonly<Record<string, Json>> {
  switch (thing.kind) {
    case 'api':
      return apiToFile(thing.document);
    case 'role':
      return roleToFile(thing.document);
    case 'identity-provider':
      return providerToFile(thing.document);
    case 'trusted-issuer':
      return issuerToFile(thing.document, config);
    case 'client':
      return clientToFile(thing.document);
  }
}
