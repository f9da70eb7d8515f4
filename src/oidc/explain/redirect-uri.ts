import type { Context } from 'koa';

import { quote, type DecisionLine } from '../../decisions/decision.ts';
import type { HallContext } from '../context.ts';
import { oidcOf } from '../library-context.ts';

/** Compares with what is registered, the nearest first: RFC 9700 §4.1.3 wants equality to the character, and people miss one. */
export async function explainRedirectUri(hall: HallContext, ctx: Context): Promise<readonly DecisionLine[]> {
  const { params, client, route } = oidcOf(ctx) ?? {};
  const clientId = params?.['client_id'];
  if (!client || typeof clientId !== 'string') return [];
  const record = await hall.clients.find(client.clientId);
  const name = route === 'end_session' ? 'post_logout_redirect_uri' : 'redirect_uri';
  const registered = listOf(record?.metadata[`${name}s`]);
  const sent = params?.[name];
  if (sent === undefined) {
    if (name !== 'redirect_uri' || route === 'token') return [];
    return [
      {
        step: name,
        verdict: 'refused',
        words: 'redirect_uri is missing: it is never guessed, even where only one is registered',
      },
    ];
  }
  if (typeof sent !== 'string' || client.redirectUriAllowed(sent) || registered.includes(sent)) return [];
  return [{ step: name, verdict: 'refused', words: differenceInWords(name, sent, registered) }];
}

export function differenceInWords(name: string, sent: string, registered: readonly string[]): string {
  const [nearest] = registered.toSorted((one, other) => commonLength(other, sent) - commonLength(one, sent));
  if (nearest === undefined) return `the client has no ${name} registered (sent ${quote(sent)})`;
  const which =
    registered.length === 1 ? 'the registered one' : `the nearest of ${registered.length} registered ones`;
  const at = commonLength(nearest, sent) + 1;
  return `${name} differs from ${which} at character ${at} (registered ${quote(nearest)}, sent ${quote(sent)})`;
}

function commonLength(one: string, other: string): number {
  let index = 0;
  while (index < one.length && one[index] === other[index]) index += 1;
  return index;
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
