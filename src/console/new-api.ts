import { createApiOperation } from '../admin/apis.ts';
import { perform } from '../admin/perform.ts';
import { SIGNING_ALGS } from '../resources/api.ts';
import { newApiBody, newApiCommand } from './api-form.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { equivalent } from './equivalents.ts';
import { show } from './show.ts';

const EXAMPLE = {
  audience: 'https://api.example.com/orders',
  name: 'Orders',
  scopes: 'orders:read See your orders\norders:write Change your orders',
};

export const newApi: Screen = {
  path: '/new-api',
  scope: 'admin:apis:write',
  within: '/apis',
  async get(context, visit) {
    const ttl = String(context.config.tokens.accessTtlSeconds);
    const example = newApiBody(EXAMPLE);
    show(context, visit, 'console-new-api', {
      values: { token_ttl_seconds: ttl, ...visit.fields },
      algs: [...SIGNING_ALGS],
      equivalent: equivalent(newApiCommand(example), 'apis', example),
    });
  },
  actions: { create: { run: create } },
};

async function create(context: ConsoleContext, { fields, operator }: Visit): Promise<Done> {
  const body = newApiBody(fields);
  const { document } = await perform(context, createApiOperation, { body }, operator);
  return {
    to: `/apis/${document.id}`,
    notice: {
      message: 'The API is registered. Put a verifier in front of it, and give clients access to it.',
      ...equivalent(newApiCommand(body), 'apis', { ...body }),
    },
  };
}
