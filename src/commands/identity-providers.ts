import type { Command } from 'commander';

import { addDirectoryVerbs } from './directories.ts';

export function identityProvidersCommand(noun: Command): void {
  const create = noun.command('create').description('connect an identity provider');
  addDirectoryVerbs(noun, create);
}
