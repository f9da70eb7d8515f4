export { createVerifier } from './create-verifier.ts';
export { tokenOf, type AuthOptions, type IncomingRequest } from './adapter.ts';
export { certificateThumbprint } from './certificate.ts';
export { expressAuth, expressResourceMetadata } from './express.ts';
export { fastifyAuth, fastifyResourceMetadata } from './fastify.ts';
export { koaAuth, koaResourceMetadata } from './koa.ts';
export { httpAuth, httpResourceMetadata } from './node-http.ts';
export {
  protectedResourceMetadata,
  resourceMetadataUrl,
  type ProtectedResource,
  type ProtectedResourceMetadata,
} from './protected-resource.ts';
export { createMemoryReplayStore, type MemoryReplayStoreOptions } from './replay-store.ts';
export { TokenError, type TokenErrorCode, type TokenErrorReason } from './token-error.ts';
export type {
  ClientCredentials,
  DpopOptions,
  ReplayStore,
  Requirements,
  ResourceRequest,
  VerifiedToken,
  Verifier,
  VerifierEvent,
  VerifierOptions,
} from './verifier.ts';
