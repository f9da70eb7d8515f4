import type { PageLocals, PageName } from '../pages.ts';
import { accountSamples } from './account.ts';
import { authenticatorSamples } from './authenticators.ts';
import { consoleSamples } from './console.ts';
import { coreSamples } from './core.ts';
import { outboxSamples } from './mail.ts';
import { registrationSamples } from './registration.ts';
import { upstreamSamples } from './upstream.ts';

/** Every page in every state that looks different: what the tests render and what a designer looks at. */
export type SamplesOf<Pages> = { readonly [Name in keyof Pages]: Readonly<Record<string, Pages[Name]>> };

export const samples: SamplesOf<Pick<PageLocals, PageName>> = {
  ...coreSamples,
  ...registrationSamples,
  ...authenticatorSamples,
  ...accountSamples,
  ...upstreamSamples,
  ...outboxSamples,
  ...consoleSamples,
};
