import type { Command } from 'commander';

import { equip } from './surface.ts';

export function overviewCommand(command: Command): void {
  equip(command, {
    notes: 'The figures by minute and by hour are in the JSON, as the console draws them.',
    load: async () => (await import('./overview-action.ts')).overview,
  });
}
