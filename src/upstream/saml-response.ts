import { UpstreamError } from './problem.ts';
import { readAssertion, type Expected, type Statement } from './saml-assertion.ts';
import { verifiedAssertion } from './saml-signature.ts';
import {
  attributeOf,
  childrenOf,
  isElement,
  NS,
  onlyChild,
  parseXml,
  textOf,
  wrong,
  type XmlElement,
} from './saml-xml.ts';

/** The envelope in which an assertion comes (SAML Core §3.2.2). It may be unsigned: nothing is believed because of it. */

const STATUS = 'urn:oasis:names:tc:SAML:2.0:status:';
/** They, or the person, said no; whatever else is a failure of theirs. */
const REFUSALS = new Set([
  `${STATUS}AuthnFailed`,
  `${STATUS}RequestDenied`,
  `${STATUS}NoPassive`,
  `${STATUS}UnknownPrincipal`,
]);
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** `encoded`: the parameter `SAMLResponse`. Throws an `UpstreamError`. */
export async function readResponse(
  encoded: string,
  expected: Expected,
  decryptionKey: string | undefined,
): Promise<Statement> {
  // Some providers break the lines (RFC 2045 §6.8).
  const packed = encoded.replaceAll(/\s+/g, '');
  if (!BASE64.test(packed)) throw wrong('the response is not base64');
  const xml = Buffer.from(packed, 'base64').toString();
  const response = await parseXml(xml);
  checkEnvelope(response, expected);
  const { certificates } = expected.settings;
  const assertion = await verifiedAssertion(xml, response, { certificates, decryptionKey });
  return readAssertion(assertion, expected);
}

function checkEnvelope(response: XmlElement, { settings, recipient, requestId }: Expected): void {
  if (!isElement(response, NS.protocol, 'Response') || attributeOf(response, 'Version') !== '2.0') {
    throw wrong('this is not a response of SAML 2.0');
  }
  // SAML Bindings §3.5.5.2.
  if (response.hasAttribute('Destination') && attributeOf(response, 'Destination') !== recipient) {
    throw wrong('the response is for another address');
  }
  if (attributeOf(response, 'InResponseTo') !== requestId)
    throw wrong('the response answers another request');
  const [issuer, ...more] = childrenOf(response, NS.assertion, 'Issuer');
  if (more.length > 0 || (issuer && textOf(issuer) !== settings.entityId)) {
    throw wrong('the response is from another issuer');
  }
  checkStatus(onlyChild(response, NS.protocol, 'Status'));
}

function checkStatus(status: XmlElement): void {
  const outer = onlyChild(status, NS.protocol, 'StatusCode');
  const inner = childrenOf(outer, NS.protocol, 'StatusCode');
  const codes = [outer, ...inner].map((code) => attributeOf(code, 'Value').slice(0, 200));
  if (codes[0] === `${STATUS}Success`) return;
  const reason = codes.some((code) => REFUSALS.has(code)) ? 'refused' : 'wrong';
  throw new UpstreamError(reason, `the provider answered ${codes.join(', ')}`);
}
