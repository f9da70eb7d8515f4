import { z } from 'zod';

import { AUTH_METHODS, CLIENT_AUTH_ALGS, GRANT_TYPES, ID_TOKEN_ALGS } from '../clients/metadata.ts';
import { text } from './document.ts';

const URIS_MAX = 50;

const uri = text;
const uris = z.array(uri).max(URIS_MAX);

/** The members of RFC 7591 §2 (and their extensions) that this server knows. clients/metadata.ts holds what each of them may say. */
export const metadataMembers = {
  client_name: text.describe('Shown to people'),
  application_type: z.enum(['web', 'native']),
  redirect_uris: uris.describe('Compared exactly'),
  post_logout_redirect_uris: uris,
  grant_types: z.array(z.enum(GRANT_TYPES)).max(GRANT_TYPES.length),
  response_types: z.array(z.enum(['code'])).max(1),
  response_modes: z.array(z.enum(['query', 'fragment', 'form_post'])).max(3),
  scope: text.describe('OpenID scopes it may ask for, separated by spaces; scopes of an API are in `apis`'),
  token_endpoint_auth_method: z.enum(AUTH_METHODS),
  token_endpoint_auth_signing_alg: z.enum(CLIENT_AUTH_ALGS),
  jwks: z.looseObject({ keys: z.array(z.looseObject({})).max(20) }),
  jwks_uri: uri,
  client_uri: uri,
  logo_uri: uri,
  policy_uri: uri,
  tos_uri: uri,
  contacts: z.array(text).max(10),
  software_id: text,
  software_version: text,
  sector_identifier_uri: uri,
  initiate_login_uri: uri,
  backchannel_logout_uri: uri,
  backchannel_logout_session_required: z.boolean(),
  id_token_signed_response_alg: z.enum(ID_TOKEN_ALGS),
  subject_type: z.enum(['public']),
  default_max_age: z.int().min(0),
  require_auth_time: z.boolean(),
  require_pushed_authorization_requests: z.boolean().describe('RFC 9126 §6'),
  dpop_bound_access_tokens: z.boolean().describe('RFC 9449 §5.2'),
  tls_client_certificate_bound_access_tokens: z.boolean().describe('RFC 8705 §3.4'),
} as const;

export type MetadataMember = keyof typeof metadataMembers;

export const METADATA_MEMBERS = Object.keys(metadataMembers) as MetadataMember[];

export const metadataDocument = z.object(metadataMembers).partial();
