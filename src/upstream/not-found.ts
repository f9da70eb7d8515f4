import { AppError } from '../errors.ts';

export function providerNotFound(): AppError {
  return new AppError('identity_provider_not_found', 'There is no such identity provider.', { status: 404 });
}
