import { z } from 'zod';

import { FOREIGN_ALGS } from '../upstream/trusted-issuer.ts';
import { text } from '../documents/document.ts';

export const newTrustedIssuerDocument = z.strictObject({
  issuer: text.describe('As tokens carry it in `iss`, character by character'),
  identity_provider: text.describe('Slug of the identity provider whose people its subjects are'),
  audience: text.optional().describe('What its tokens call this server in `aud`; its issuer unless said'),
  jwks_uri: text.nullable().optional().describe('Found by discovery unless said'),
  algs: z.array(z.enum(FOREIGN_ALGS)).min(1).max(FOREIGN_ALGS.length).optional(),
  max_age_seconds: z.int().optional().describe('A token issued longer ago is refused'),
  one_time: z.boolean().optional().describe('Each token is exchanged once, by its `jti`'),
});
