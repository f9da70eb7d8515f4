import { AppError } from '../errors.ts';

export function apiNotFound(): AppError {
  return new AppError('api_not_found', 'There is no such API.', { status: 404 });
}
