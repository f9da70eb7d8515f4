import type { NewPasswordProblem } from '../../views/locals/registration.ts';
import { AppError } from '../errors.ts';

/** A password that is chosen, typed twice: people do not see what they type. */
export interface NewPasswordFields {
  readonly password: string;
  readonly repeat: string;
}

/** What can be known without the rules for passwords, which the verb applies. */
export function newPasswordProblem({ password, repeat }: NewPasswordFields): NewPasswordProblem | undefined {
  if (password === '') return 'missing';
  return password === repeat ? undefined : 'different';
}

/** The rule that a verb found broken, in a word that the page has a sentence for; undefined for any other error. */
export function weakPasswordProblem(error: unknown): NewPasswordProblem | undefined {
  if (!(error instanceof AppError)) return undefined;
  if (error.code === 'password_too_long') return 'too-long';
  if (error.code !== 'weak_password') return undefined;
  return WEAKNESSES.find((known) => known === error.detail) ?? 'predictable';
}

const WEAKNESSES = [
  'too-short',
  'too-long',
  'unusable-characters',
  'predictable',
  'names-you',
  'common',
] as const satisfies readonly NewPasswordProblem[];
