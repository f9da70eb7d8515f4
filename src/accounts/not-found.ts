import { AppError } from '../errors.ts';

export function accountNotFound(): AppError {
  return new AppError('account_not_found', 'There is no such account.', { status: 404 });
}
