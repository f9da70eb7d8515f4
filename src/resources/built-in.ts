import { AppError } from '../errors.ts';
import type { Api } from './api.ts';

/**
 * The admin API as an API of this server like any other, so that every rule of tokens holds for it. It enforces roles: to be registered
 * for a scope is not enough, somebody has to have given the client or the person a role that carries it.
 */
export const ADMIN_API_ID = 'guichet-admin';

/** For the verbs that operators use. Throws `api_built_in` (409). */
export function refuseBuiltInApi(api: Pick<Api, 'origin'>): void {
  if (api.origin !== 'built-in') return;
  throw new AppError('api_built_in', 'This API is a part of the server and cannot be changed.', {
    status: 409,
  });
}
