import type { Party } from '../../views/locals/console-security.ts';
import type { Names } from './names.ts';

const ACTORS: Readonly<Record<string, string>> = {
  cli: 'the command line',
  system: 'the server',
  anonymous: 'nobody signed in',
};

const PATHS = { account: '/console/users', client: '/console/clients' } as const;

/** `account:usr_1` and the like as words, and where they are looked at. */
export function partyOf(actor: string, names: Names = new Map()): Party {
  const { noun, id } = splitActor(actor);
  if (noun === undefined) return { label: ACTORS[actor] ?? actor, path: undefined };
  return { label: names.get(id) ?? id, path: `${PATHS[noun]}/${encodeURIComponent(id)}` };
}

/** Those of them that are people and clients. */
export function idsOf(actors: readonly string[]): {
  readonly accounts: string[];
  readonly clients: string[];
} {
  const split = actors.map(splitActor);
  const those = (wanted: string) => split.filter(({ noun }) => noun === wanted).map(({ id }) => id);
  return { accounts: those('account'), clients: those('client') };
}

function splitActor(actor: string): { readonly noun: keyof typeof PATHS | undefined; readonly id: string } {
  const [, noun, id = ''] = /^(account|client):(.+)$/s.exec(actor) ?? [];
  return { noun: noun === 'account' || noun === 'client' ? noun : undefined, id };
}
