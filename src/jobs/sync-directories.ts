import { AppError } from '../errors.ts';
import { syncDirectory } from '../revocation/sync-directory.ts';
import type { IdentityProvider, IdentityProviderOf } from '../upstream/identity-provider.ts';
import { listProviders } from '../upstream/store.ts';
import type { JobContext } from './job.ts';

/** Asks every directory for its people. One that is away, or looks misread, is asked again the next time. */
export async function syncDirectories(ctx: JobContext): Promise<void> {
  const providers = await listProviders(ctx.db.knex);
  for (const provider of providers.filter(isDirectoryInUse)) {
    if (ctx.signal.aborted) return;
    try {
      const { people, left } = await syncDirectory(ctx, provider, { actor: 'system' });
      if (left.length > 0)
        ctx.log.info({ provider: provider.slug, people, left: left.length }, 'people left');
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      ctx.log.warn({ err: error, provider: provider.slug }, 'a directory could not be asked for its people');
    }
  }
}

function isDirectoryInUse(provider: IdentityProvider): provider is IdentityProviderOf<'ldap'> {
  return provider.kind === 'ldap' && provider.disabledAt === null;
}
