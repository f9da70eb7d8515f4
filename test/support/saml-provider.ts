import { once } from 'node:events';
import type { Server } from 'node:http';

import express from 'express';
import samlp from 'samlp';

import { base64Of, makeOwnKey, type OwnKey } from '../../src/upstream/saml-certificate.ts';
import { NAME_ID } from '../../src/upstream/saml-settings.ts';

/** A SAML identity provider that nobody here wrote (npm `samlp`), with one person who is always signed in. */
export interface SamlProvider {
  readonly entityId: string;
  readonly ssoUrl: string;
  readonly key: OwnKey;
  readonly metadata: string;
  /** The XML of an answer; `changes` are options of samlp's `getSamlResponse`. */
  respond(request: SamlRequest, changes?: Changes): Promise<string>;
  /** Requests must be signed with this from now on. */
  requireSignature(certificate: string): void;
  /** The last request that came to its page, as it read it. */
  lastRequest(): Readonly<Record<string, unknown>> | undefined;
  stop(): Promise<void>;
}

type Changes = Readonly<Record<string, unknown>>;

export interface SamlRequest {
  readonly id: string;
  readonly acs: string;
  readonly audience: string;
}

export const SAML_PERSON = {
  id: 'person-4711',
  emails: [{ value: 'ada@saml.example' }],
  displayName: 'Ada Lovelace',
  name: { givenName: 'Ada', familyName: 'Lovelace' },
};

/** `hostname`: browsers take `localhost` and `127.0.0.1` for two sites. */
export async function startSamlProvider({ hostname = 'localhost' } = {}): Promise<SamlProvider> {
  const key = await makeOwnKey('saml.example', new Date());
  const app = express();
  const server: Server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const origin = `http://${hostname}:${typeof address === 'object' && address ? address.port : 0}`;
  const entityId = `${origin}/metadata`;
  const metadata = providerMetadata(entityId, `${origin}/sso`, key);
  const options = {
    issuer: entityId,
    cert: key.certificate,
    key: key.privateKey,
    nameIdentifierFormat: NAME_ID.persistent,
    authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
    sessionIndex: '_their-session',
    lifetimeInSeconds: 300,
    signatureAlgorithm: 'rsa-sha256',
    digestAlgorithm: 'sha256',
  };
  let signingCert: string | undefined;
  let last: Readonly<Record<string, unknown>> | undefined;

  app.get('/sso', (request, response, next) => {
    samlp.parseRequest(request, {}, (error, data = {}) => {
      if (error) return next(error);
      // As providers do it: Chromium holds the whole way from this form on to it.
      response.set('Content-Security-Policy', 'form-action http://localhost:*');
      last = { ...data, signed: request.query['Signature'] !== undefined };
      const acs = data.assertionConsumerServiceURL;
      samlp.auth({
        ...options,
        ...(signingCert === undefined ? {} : { signingCert }),
        recipient: acs,
        destination: acs,
        getUserFromRequest: () => SAML_PERSON,
        getPostURL: (
          _audience: unknown,
          _dom: unknown,
          _request: unknown,
          done: (e: null, url: unknown) => void,
        ) => done(null, acs),
      })(request, response, next);
    });
  });
  app.get('/metadata', (_request, response) => void response.type('application/xml').send(metadata));

  return {
    entityId,
    ssoUrl: `${origin}/sso`,
    key,
    metadata,
    respond({ id, acs, audience }, changes = {}) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      samlp.getSamlResponse(
        { ...options, inResponseTo: id, recipient: acs, destination: acs, audience, ...changes },
        SAML_PERSON,
        (error, xml) => (error ? reject(error) : resolve(xml ?? '')),
      );
      return promise;
    },
    requireSignature: (certificate) => void (signingCert = certificate),
    lastRequest: () => last,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** As such documents are: with a comment, and with line breaks in the certificate. */
function providerMetadata(entityId: string, ssoUrl: string, { certificate }: OwnKey): string {
  const lines = base64Of(certificate).replaceAll(/.{1,76}/g, '$&\n');
  return `<?xml version="1.0"?>
<!-- the provider of the tests -->
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>
${lines}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${ssoUrl}/post"/>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${ssoUrl}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>`;
}
