import { TokenError } from '../../src/resource-server/token-error.ts';

/** The error of a verification that must fail. */
export async function refusalOf(verification: Promise<unknown>): Promise<TokenError> {
  const error = await verification.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (error instanceof TokenError) return error;
  throw new Error('not refused with a TokenError', { cause: error });
}

/** In short: `code/reason`, or `valid`. */
export async function outcomeOf(verification: Promise<unknown>): Promise<string> {
  try {
    await verification;
    return 'valid';
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    return error.reason === undefined ? error.code : `${error.code}/${error.reason}`;
  }
}
