import type { registration as english } from '../english/registration.ts';

export const registration: typeof english = {};
