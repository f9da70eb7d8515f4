import type { AuthenticatorPages } from '../locals/authenticators.ts';
import type { SamplesOf } from './samples.ts';

export const authenticatorSamples: SamplesOf<AuthenticatorPages> = {};
