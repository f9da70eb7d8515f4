import { AppError } from '../errors.ts';

export function clientNotFound(): AppError {
  return new AppError('client_not_found', 'There is no such client.', { status: 404 });
}
