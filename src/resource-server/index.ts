export { createVerifier } from './create-verifier.ts';
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
