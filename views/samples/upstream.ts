import type { UpstreamPages } from '../locals/upstream.ts';
import type { SamplesOf } from './samples.ts';

export const upstreamSamples: SamplesOf<UpstreamPages> = {};
