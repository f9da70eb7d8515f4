/** The part of npm `samlp` that is used here; it comes without types. */
declare module 'samlp' {
  import type { RequestHandler, Request } from 'express';

  type Options = Readonly<Record<string, unknown>>;

  interface ParsedRequest {
    readonly id?: string;
    readonly assertionConsumerServiceURL?: string;
    readonly forceAuthn?: string;
    readonly issuer?: string;
  }

  const samlp: {
    auth(options: Options): RequestHandler;
    parseRequest(
      request: Pick<Request, 'query'>,
      options: Options,
      done: (error: Error | null | undefined, data?: ParsedRequest) => void,
    ): void;
    getSamlResponse(options: Options, user: unknown, done: (error: Error | null, xml?: string) => void): void;
  };
  export default samlp;
}
