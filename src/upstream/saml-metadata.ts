import { AppError } from '../errors.ts';
import { acsUri, entityIdOf } from './addresses.ts';
import type { IdentityProviderOf } from './identity-provider.ts';
import { UpstreamError } from './problem.ts';
import { base64Of, pemOfBase64 } from './saml-certificate.ts';
import {
  attributeOf,
  childrenOf,
  escapeXml,
  isElement,
  NS,
  optionalChild,
  parseXml,
  textOf,
  type XmlElement,
} from './saml-xml.ts';

/** SAML Metadata: ours, for the provider's operator, and theirs, from which a provider's settings are made. */

const BINDINGS = {
  redirect: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
  post: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
} as const;

const CIPHER = 'http://www.w3.org/2009/xmlenc11#aes256-gcm';
const KEY_TRANSPORT = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p';

export interface ProviderMetadata {
  readonly entityId: string;
  readonly ssoUrl: string;
  readonly certificates: readonly string[];
  readonly wantsSignedRequests: boolean;
}

/** Everything in it is public. */
export function serviceMetadata(issuer: string, { slug, settings }: IdentityProviderOf<'saml'>): string {
  const { nameIdFormat, ownCertificate, signsRequests } = settings;
  const keyInfo = `<ds:KeyInfo xmlns:ds="${NS.signature}"><ds:X509Data><ds:X509Certificate>${base64Of(ownCertificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`;
  const nameId = nameIdFormat === null ? '' : `\n    <NameIDFormat>${escapeXml(nameIdFormat)}</NameIDFormat>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="${NS.metadata}" entityID="${escapeXml(entityIdOf(issuer, slug))}">
  <SPSSODescriptor AuthnRequestsSigned="${signsRequests}" WantAssertionsSigned="true" protocolSupportEnumeration="${NS.protocol}">
    <KeyDescriptor use="signing">${keyInfo}</KeyDescriptor>
    <KeyDescriptor use="encryption">${keyInfo}
      <EncryptionMethod Algorithm="${CIPHER}"/>
      <EncryptionMethod Algorithm="${KEY_TRANSPORT}"/>
    </KeyDescriptor>${nameId}
    <AssertionConsumerService Binding="${BINDINGS.post}" Location="${escapeXml(acsUri(issuer, slug))}" index="0" isDefault="true"/>
  </SPSSODescriptor>
</EntityDescriptor>
`;
}

/**
 * Trusted because of how it came: from the operator's hand, or over https from an address of theirs; a signature on it says no
 * more. Throws `invalid_metadata` (400).
 */
export async function readProviderMetadata(xml: string, now: Date): Promise<ProviderMetadata> {
  try {
    return read(await parseXml(xml.replace(/^\ufeff/, ''), { withComments: true }), now);
  } catch (error) {
    if (error instanceof UpstreamError)
      throw invalid(`The metadata cannot be used: ${error.message}.`, error);
    throw error;
  }
}

function read(root: XmlElement, now: Date): ProviderMetadata {
  if (!isElement(root, NS.metadata, 'EntityDescriptor')) {
    throw invalid('The metadata must be of one provider: an EntityDescriptor.');
  }
  const validUntil = attributeOf(root, 'validUntil');
  if (validUntil !== '' && !(Date.parse(validUntil) > now.getTime()))
    throw invalid('The metadata has expired.');
  const descriptor = optionalChild(root, NS.metadata, 'IDPSSODescriptor');
  if (!descriptor) throw invalid('The metadata is not of an identity provider (IDPSSODescriptor).');
  const services = childrenOf(descriptor, NS.metadata, 'SingleSignOnService');
  const service = services.find((each) => attributeOf(each, 'Binding') === BINDINGS.redirect);
  if (!service) throw invalid('The metadata offers no single sign-on by redirect (HTTP-Redirect).');
  return {
    entityId: attributeOf(root, 'entityID'),
    ssoUrl: attributeOf(service, 'Location'),
    certificates: signingCertificates(descriptor),
    wantsSignedRequests: attributeOf(descriptor, 'WantAuthnRequestsSigned') === 'true',
  };
}

/** A key without a `use` is for both (SAML Metadata §2.4.1.1). */
function signingCertificates(descriptor: XmlElement): string[] {
  const keys = childrenOf(descriptor, NS.metadata, 'KeyDescriptor').filter((key) =>
    ['', 'signing'].includes(attributeOf(key, 'use')),
  );
  const certificates = keys.flatMap((key) =>
    childrenOf(key, NS.signature, 'KeyInfo')
      .flatMap((info) => childrenOf(info, NS.signature, 'X509Data'))
      .flatMap((data) => childrenOf(data, NS.signature, 'X509Certificate'))
      .map((certificate) => pemOfBase64(textOf(certificate))),
  );
  return [...new Set(certificates)];
}

function invalid(sentence: string, cause?: unknown): AppError {
  return new AppError('invalid_metadata', sentence, { status: 400, cause });
}
