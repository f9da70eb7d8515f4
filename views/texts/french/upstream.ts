import type { upstream as english } from '../english/upstream.ts';

export const upstream: typeof english = {};
