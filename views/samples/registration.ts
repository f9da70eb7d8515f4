import type { RegistrationPages } from '../locals/registration.ts';
import type { SamplesOf } from './samples.ts';

export const registrationSamples: SamplesOf<RegistrationPages> = {};
