import { z } from 'zod';

import type { Operation } from './operation.ts';
import { ADMIN_PATH } from './paths.ts';
import { ADMIN_SCOPES } from './scopes.ts';

const problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable'),
    detail: z.string(),
    request_id: z.string().describe('Names this request for `guichet explain`'),
  })
  .describe('RFC 9457');

const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };

/** OpenAPI 3.1 of the table of operations. The schemas are those that requests are checked with. */
export function openApiDocument(issuer: string, operations: readonly Operation[]): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const path = (paths[`${ADMIN_PATH}${operation.path}`] ??= {});
    path[operation.method.toLowerCase()] = describe(operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Guichet admin API',
      version: '1',
      description: 'Everything an operator does. Access tokens are those of this server, for this API.',
    },
    servers: [{ url: issuer }],
    paths,
    components: {
      schemas: { Problem: schemaOf(problem, 'output') },
      securitySchemes: { oauth2: securityScheme(issuer) },
    },
  };
}

function describe(operation: Operation): Record<string, unknown> {
  const takesBody = operation.body.def.type !== 'undefined';
  return {
    operationId: operation.id,
    tags: [operation.id.split('.')[0]],
    summary: operation.summary,
    security: [{ oauth2: [operation.scope] }],
    parameters: [
      ...parameters(operation.params, 'path'),
      ...parameters(operation.query, 'query'),
      ...preconditions(operation),
    ],
    ...(takesBody && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: schemaOf(operation.body, 'input') } },
      },
    }),
    responses: {
      [operation.status]: answer(operation),
      default: { description: 'A problem', content: PROBLEM },
    },
  };
}

function answer({ status, answer, resource }: Operation): Record<string, unknown> {
  return {
    description: 'Done',
    ...(resource && status !== 204 && { headers: { ETag: { schema: { type: 'string' } } } }),
    ...(status !== 204 && { content: { 'application/json': { schema: schemaOf(answer, 'output') } } }),
  };
}

function parameters(schema: z.ZodObject, place: 'path' | 'query'): Record<string, unknown>[] {
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, unknown>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function preconditions({ method, resource, outside }: Operation): Record<string, unknown>[] {
  const text = { type: 'string' };
  const named = (name: string, description: string) => ({ name, in: 'header', description, schema: text });
  return [
    ...(resource && method === 'GET' ? [named('If-None-Match', 'RFC 9110 §13.1.2')] : []),
    ...(resource && method !== 'GET' ? [named('If-Match', 'RFC 9110 §13.1.1: 412 if it changed')] : []),
    ...(method === 'POST' && !outside
      ? [named('Idempotency-Key', 'Done once, answered alike for a day')]
      : []),
  ];
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const {
    $schema: _dialect,
    $defs: _json,
    ...rest
  } = z.toJSONSchema(schema, { target: 'draft-2020-12', io });
  return withoutJson(rest);
}

/** The one schema that refers to itself is that of any JSON, which is what an empty schema says. */
function withoutJson(schema: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema), (_name, value: unknown) =>
    typeof value === 'object' && value !== null && '$ref' in value ? {} : value,
  ) as Record<string, unknown>;
}

function securityScheme(issuer: string): Record<string, unknown> {
  const scopes = Object.fromEntries(ADMIN_SCOPES.map(({ name, description }) => [name, description]));
  return {
    type: 'oauth2',
    flows: {
      clientCredentials: { tokenUrl: `${issuer}/token`, scopes },
      authorizationCode: { authorizationUrl: `${issuer}/auth`, tokenUrl: `${issuer}/token`, scopes },
    },
  };
}
