import type { AccountPages } from '../locals/account.ts';
import type { SamplesOf } from './samples.ts';

export const accountSamples: SamplesOf<AccountPages> = {};
