import { AppError } from '../errors.ts';
import type { Subject } from './role.ts';

export function roleNotFound(): AppError {
  return new AppError('role_not_found', 'There is no such role.', { status: 404 });
}

export function subjectNotFound(subject: Subject): AppError {
  return 'accountId' in subject
    ? new AppError('account_not_found', 'There is no such person.', { status: 404 })
    : new AppError('client_not_found', 'There is no such client.', { status: 404 });
}
