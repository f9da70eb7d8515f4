import type Koa from 'koa';

import { httpError } from '../http/errors.ts';
import { linesOf } from '../http/proxy-header.ts';
import type { Requirements } from '../resource-server/verifier.ts';

/**
 * What the gateway asks of a token. It comes from the gateway's configuration, in the query of the address it calls, where
 * no client can write. Two of them may come in headers, for gateways that cannot set a query: those must replace whatever
 * the client sent under the name. All are strict, because a demand that is misspelt and ignored is an open API.
 */
export interface Demands {
  readonly audience: string;
  readonly requirements: Requirements;
  /** RFC 9728: named in the challenge. */
  readonly resourceMetadata: string | undefined;
}

const PARAMETERS = ['audience', 'scope', 'any_scope', 'resource_metadata', 'acr_values', 'max_age'] as const;
type Parameter = (typeof PARAMETERS)[number];

const HEADERS: Partial<Readonly<Record<Parameter, string>>> = {
  audience: 'x-guichet-audience',
  scope: 'x-guichet-scope',
};

/** An API has no more scopes, and a route needs few of them. */
const WORDS_MAX = 50;
/** RFC 6749 §3.3. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const ABSOLUTE_URL = /^https?:\/\/[\x21\x23-\x5b\x5d-\x7e]+$/;
const SECONDS = /^\d{1,9}$/;

export function readDemands(ctx: Koa.Context): Demands {
  const given = readParameters(ctx);
  const audience = given.get('audience');
  if (audience === undefined) throw invalid('The gateway does not name the API: audience is missing.');
  const maxAge = given.get('max_age');
  const resourceMetadata = given.get('resource_metadata');
  if (maxAge !== undefined && !SECONDS.test(maxAge)) throw invalid('max_age must be a number of seconds.');
  if (resourceMetadata !== undefined && !ABSOLUTE_URL.test(resourceMetadata)) {
    throw invalid('resource_metadata must be an absolute URL.');
  }
  return {
    audience,
    resourceMetadata,
    requirements: {
      scopes: words(given, 'scope'),
      anyScope: words(given, 'any_scope'),
      acrValues: words(given, 'acr_values'),
      maxAge: maxAge === undefined ? undefined : Number(maxAge),
    },
  };
}

function readParameters(ctx: Koa.Context): ReadonlyMap<Parameter, string> {
  const given = new Map<Parameter, string>();
  for (const [name, value] of new URLSearchParams(ctx.querystring)) {
    const known = PARAMETERS.find((parameter) => parameter === name);
    if (known === undefined) throw invalid(`Parameters are ${PARAMETERS.join(', ')}.`);
    if (given.has(known)) throw invalid(`${known} is given twice.`);
    if (value.trim() === '') throw invalid(`${known} is empty.`);
    given.set(known, value);
  }
  for (const [parameter, header] of Object.entries(HEADERS) as [Parameter, string][]) {
    const values = linesOf(ctx.req.rawHeaders, header).filter((value) => value.trim() !== '');
    for (const value of values) {
      if (given.has(parameter) && given.get(parameter) !== value) {
        throw invalid(`${parameter} is given twice, and not with the same value.`);
      }
      given.set(parameter, value);
    }
  }
  return given;
}

function words(given: ReadonlyMap<Parameter, string>, parameter: Parameter): readonly string[] | undefined {
  const found = given
    .get(parameter)
    ?.split(/[ \t]+/)
    .filter((word) => word !== '');
  if (found && (found.length > WORDS_MAX || !found.every((word) => SCOPE_TOKEN.test(word)))) {
    throw invalid(`${parameter} must be names separated by spaces, at most ${WORDS_MAX}.`);
  }
  return found;
}

function invalid(message: string): Error {
  return httpError('invalid_request', message);
}
