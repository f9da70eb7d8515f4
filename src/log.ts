import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { AppError } from './errors.ts';

export type { Logger } from 'pino';

export interface LogOptions {
  readonly level: string;
  /** Standard output when absent. */
  readonly destination?: DestinationStream;
}

/** One JSON object per line. Credentials are censored by name, errors are reduced to an allow-list. */
export function createLogger({ level, destination }: LogOptions): Logger {
  return pino(
    {
      level,
      base: {},
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: censoredPaths(), censor: '[censored]' },
      serializers: { err: describeError, error: describeError },
    },
    destination ?? pino.destination({ fd: 1, sync: false }),
  );
}

/** Member names whose value is, or may carry, a credential (RFC 6749, 7009, 7521, 8628, 9126, 9449). */
const CENSORED_NAMES = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'dpop',
  'password',
  'passwordHash',
  'password_hash',
  'secret',
  'secrets',
  'encryptionKeys',
  'client_secret',
  'clientSecret',
  'client_assertion',
  'assertion',
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'id_token_hint',
  'logout_token',
  'registration_access_token',
  'code',
  'code_verifier',
  'device_code',
  'user_code',
  'request_uri',
  'csrf',
  'xsrf',
  'jwk',
  'privateKey',
] as const;

/** pino's wildcards are one level each; our log objects are at most three deep (`req.headers.cookie`). */
const CENSORED_PARENTS = ['', '*', '*.*'] as const;

function censoredPaths(): string[] {
  return CENSORED_PARENTS.flatMap((parent) => CENSORED_NAMES.map((name) => `${parent}["${name}"]`));
}

/** A chain of causes longer than this tells nothing more. */
const CAUSES_MAX = 5;

/** Database drivers hang row values on their errors (`detail`, `where`, `bindings`): only named members get out. */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  return {
    type: error.name,
    message: error.message,
    errorCode: 'code' in error ? error.code : undefined,
    status: 'status' in error ? error.status : undefined,
    // Only our own errors promise that their detail holds no secret.
    detail: error instanceof AppError ? error.detail : undefined,
    stack: error.stack,
    cause:
      error.cause === undefined || depth >= CAUSES_MAX ? undefined : describeError(error.cause, depth + 1),
  };
}
