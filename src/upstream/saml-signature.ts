import {
  attributeOf,
  childrenOf,
  everyElement,
  isElement,
  NS,
  onlyChild,
  parseXml,
  wrong,
  type XmlElement,
} from './saml-xml.ts';

/** XML signatures and encryption of assertions: which are accepted, and exactly what they cover. */

/** SHA-1 is broken, HMAC would make the public key a secret. */
const SIGNATURES = new Set([
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
]);
const DIGESTS = new Set([
  'http://www.w3.org/2001/04/xmlenc#sha256',
  'http://www.w3.org/2001/04/xmlenc#sha512',
]);
const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
/** SAML Core §5.4.4. */
const TRANSFORMS = new Set(['http://www.w3.org/2000/09/xmldsig#enveloped-signature', EXCLUSIVE_C14N]);

/** Authenticated ones: with CBC, whoever can send ciphertexts and watch the answers reads the plaintext. */
const CIPHERS = new Set([
  'http://www.w3.org/2009/xmlenc11#aes128-gcm',
  'http://www.w3.org/2009/xmlenc11#aes256-gcm',
]);
const KEY_TRANSPORT = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p';

/** How an assertion is to be opened and believed. */
export interface Trust {
  /** PEM. */
  readonly certificates: readonly string[];
  /** PEM, ours. */
  readonly decryptionKey: string | undefined;
}

/**
 * The assertion of a response as its signature covers it, read from the signed bytes and from nothing else (XSW). Throws `wrong`
 * unless there is exactly one in the whole document, signed itself: a signature around the response alone is not enough.
 */
export async function verifiedAssertion(
  xml: string,
  response: XmlElement,
  trust: Trust,
): Promise<XmlElement> {
  refuseAmbiguity(response);
  const plain = childrenOf(response, NS.assertion, 'Assertion');
  const encrypted = childrenOf(response, NS.assertion, 'EncryptedAssertion');
  const [assertion] = plain;
  const [sealed] = encrypted;
  if (assertion && !sealed) return verify(xml, assertion, trust);
  if (sealed && !assertion) {
    const opened = await decrypt(sealed, trust);
    const inner = await parseXml(opened);
    refuseAmbiguity(inner);
    return verify(opened, inner, trust);
  }
  throw wrong('there is not exactly one assertion');
}

/** Wherever a second assertion, a second id or a signature in an unusual place may be, two readers may see two documents. */
function refuseAmbiguity(root: XmlElement): void {
  const elements = [...everyElement(root)];
  const assertions = elements.filter(({ localName }) => /^(?:Encrypted)?Assertion$/.test(localName));
  if (assertions.length !== 1) throw wrong('there is not exactly one assertion');
  const ids = elements.flatMap((element) =>
    Array.from(element.attributes).flatMap(({ name, value }) => (/^(?:.+:)?id$/i.test(name) ? [value] : [])),
  );
  if (new Set(ids).size < ids.length) throw wrong('two elements have one id');
  const signatures = elements.filter(({ localName }) => localName === 'Signature');
  const places = [root, ...assertions].flatMap((element) => childrenOf(element, NS.signature, 'Signature'));
  if (signatures.some((signature) => !places.includes(signature))) {
    throw wrong('there is a signature where none belongs');
  }
  for (const signature of new Set(places)) checkAlgorithms(signature);
}

function checkAlgorithms(signature: XmlElement): void {
  const info = onlyChild(signature, NS.signature, 'SignedInfo');
  const reference = onlyChild(info, NS.signature, 'Reference');
  const transforms = childrenOf(onlyChild(reference, NS.signature, 'Transforms'), NS.signature, 'Transform');
  const isFine =
    SIGNATURES.has(algorithmOf(info, 'SignatureMethod')) &&
    DIGESTS.has(algorithmOf(reference, 'DigestMethod')) &&
    algorithmOf(info, 'CanonicalizationMethod') === EXCLUSIVE_C14N &&
    transforms.every((transform) => TRANSFORMS.has(attributeOf(transform, 'Algorithm')));
  if (!isFine) throw wrong('a signature has an algorithm that is not accepted');
}

function algorithmOf(parent: XmlElement, name: string): string {
  return attributeOf(onlyChild(parent, NS.signature, name), 'Algorithm');
}

async function verify(xml: string, assertion: XmlElement, { certificates }: Trust): Promise<XmlElement> {
  if (!isElement(assertion, NS.assertion, 'Assertion')) throw wrong('there is not exactly one assertion');
  const { getVerifiedXml } = await import('@node-saml/node-saml/lib/xml.js');
  let signed: string | null;
  try {
    signed = getVerifiedXml(xml, assertion, [...certificates]);
  } catch (error) {
    throw wrong('the signature of the assertion is not as it should be', error);
  }
  if (signed === null) throw wrong('the assertion is not signed by the provider');
  const covered = await parseXml(signed);
  const isWhole =
    isElement(covered, NS.assertion, 'Assertion') &&
    attributeOf(covered, 'ID') === attributeOf(assertion, 'ID');
  if (!isWhole) throw wrong('the signature covers something else');
  return covered;
}

async function decrypt(sealed: XmlElement, { decryptionKey }: Trust): Promise<string> {
  if (decryptionKey === undefined) throw wrong('the assertion is encrypted, and there is no key');
  const data = onlyChild(sealed, NS.encryption, 'EncryptedData');
  // The library takes the first of each that it finds, wherever it is: there are exactly two, the data's and the key's.
  const methods = [...everyElement(sealed)].filter(({ localName }) => localName === 'EncryptionMethod');
  const [cipher = '', transport, ...more] = methods.map((method) => attributeOf(method, 'Algorithm'));
  const isOfData = methods[0] === onlyChild(data, NS.encryption, 'EncryptionMethod');
  if (!isOfData || !CIPHERS.has(cipher) || transport !== KEY_TRANSPORT || more.length > 0) {
    throw wrong('the assertion is encrypted with an algorithm that is not accepted');
  }
  const { decryptXml } = await import('@node-saml/node-saml/lib/xml.js');
  try {
    return await decryptXml(sealed.toString(), decryptionKey);
  } catch (error) {
    throw wrong('the assertion cannot be decrypted', error);
  }
}
