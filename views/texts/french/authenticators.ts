import type { authenticators as english } from '../english/authenticators.ts';

export const authenticators: typeof english = {};
