import { AppError } from '../errors.ts';
import type { Api } from './api.ts';

/** For the verbs that operators use. Throws `api_built_in` (409). */
export function refuseBuiltInApi(api: Pick<Api, 'origin'>): void {
  if (api.origin !== 'built-in') return;
  throw new AppError('api_built_in', 'This API is a part of the server and cannot be changed.', {
    status: 409,
  });
}
