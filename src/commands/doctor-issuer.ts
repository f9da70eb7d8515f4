import { z } from 'zod';

import type { Config } from '../config/config.ts';
import { networkReasonOf } from '../errors.ts';
import type { Finding } from './doctor-action.ts';

/** A healthy server answers within milliseconds; a proxy in front of a dead one may take a while to say so. */
const TIMEOUT_MS = 5_000;

/**
 * Whether applications find us where the issuer says we are. This asks the operator's own server at its own address, from
 * the operator's own terminal, which is why it is no affair of the egress guard.
 */
export async function checkIssuer(
  { issuer, mode }: Config,
  activeKids: readonly string[],
): Promise<Finding[]> {
  const url = `${issuer}/.well-known/openid-configuration`;
  try {
    const metadata = metadataSchema.safeParse(await fetchJson(url));
    if (metadata.data?.issuer !== issuer) {
      const found = metadata.data?.issuer ?? 'no metadata';
      return [
        problem(`${url} speaks of ${found}.`, 'GUICHET_ISSUER must be the address that applications use.'),
      ];
    }
    const jwks = jwksSchema.parse(await fetchJson(metadata.data.jwks_uri));
    const shown = new Set(jwks.keys.map(({ kid }) => kid));
    if (!activeKids.every((kid) => shown.has(kid))) {
      const advice =
        'The server that answers there uses another database: give it and this command the same settings.';
      return [problem(`${metadata.data.jwks_uri} does not show our signing keys.`, advice)];
    }
    return [{ check: 'issuer', state: 'ok', message: `${issuer} answers.` }];
  } catch (error) {
    const advice =
      mode === 'development'
        ? 'Start the server with: npm start'
        : 'Start the server, and check DNS, TLS and the proxy in front of it.';
    return [problem(`${url} cannot be used: ${networkReasonOf(error)}`, advice)];
  }
}

const metadataSchema = z.object({ issuer: z.string(), jwks_uri: z.url() });
const jwksSchema = z.object({ keys: z.array(z.object({ kid: z.string().optional() })) });

async function fetchJson(url: string): Promise<unknown> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.ok) return response.json();
  await response.body?.cancel();
  throw new Error(`it answers with status ${response.status}`);
}

function problem(message: string, advice: string): Finding {
  return { check: 'issuer', state: 'problem', message, advice };
}
