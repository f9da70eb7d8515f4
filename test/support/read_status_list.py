"""Reads Token Status Lists as somebody does who has never heard of Guichet: PyJWT, cryptography, and what Python comes with.

Standard input: {"issuer": url, "tokens": [access token, ...]}.
Standard output: {"tokens": [bit, ...], "lists": {uri: [index of every bit that is 1, ...]}}, the lists being those of the aggregation
endpoint. Whatever is not as the specifications say ends it with an exception.
"""

import base64
import json
import sys
import urllib.request
import zlib

import jwt

# A list of 2^20 tokens is 128 kB. What inflates to more than this is an attack.
LIST_BYTES_MAX = 16 * 1024 * 1024
# draft-ietf-oauth-status-list, section 4.2.
BITS_ALLOWED = (1, 2, 4, 8)
ALGORITHMS = ["ES256", "RS256", "EdDSA"]


def fetch(url, accept):
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=10) as response:
        media_type = response.headers.get_content_type()
        if media_type != accept:
            raise ValueError(f"{url} is {media_type}")
        return response.read().decode("ascii")


def fetch_json(url, media_type="application/json"):
    return json.loads(fetch(url, media_type))


def verify(keys, token, typ, **expected):
    header = jwt.get_unverified_header(token)
    if header.get("typ") != typ:
        raise ValueError(f"typ is {header.get('typ')}")
    key = keys[header["kid"]]
    options = {"require": ["iat", "exp"], "verify_aud": False}
    return jwt.decode(token, key, algorithms=ALGORITHMS, options=options, **expected)


def read_list(keys, issuer, uri):
    """Bits of each status, and the bytes."""
    claims = verify(keys, fetch(uri, "application/statuslist+jwt"), "statuslist+jwt")
    if claims["sub"] != uri:
        raise ValueError(f"the list is {claims['sub']} and not {uri}")
    # The draft does not have `iss`; where it is said it should be right.
    if claims.get("iss", issuer) != issuer or claims["ttl"] <= 0:
        raise ValueError(f"the list says {claims}")
    bits = claims["status_list"]["bits"]
    if bits not in BITS_ALLOWED:
        raise ValueError(f"{bits} bits")
    lst = claims["status_list"]["lst"]
    compressed = base64.urlsafe_b64decode(lst + "=" * (-len(lst) % 4))
    inflater = zlib.decompressobj()
    data = inflater.decompress(compressed, LIST_BYTES_MAX)
    if inflater.unconsumed_tail or not inflater.eof:
        raise ValueError("the list is too large or cut short")
    return bits, data


def status_at(status_list, index):
    """Section 4.1: the lowest bits of a byte come first."""
    bits, data = status_list
    per_byte = 8 // bits
    return (data[index // per_byte] >> (index % per_byte * bits)) & ((1 << bits) - 1)


def indexes_set(status_list):
    bits, data = status_list
    per_byte = 8 // bits
    candidates = (at * per_byte + n for at, byte in enumerate(data) if byte for n in range(per_byte))
    return [index for index in candidates if status_at(status_list, index)]


def main():
    given = json.load(sys.stdin)
    issuer = given["issuer"]
    # RFC 8414, section 3.3: the document must be about the issuer that was asked.
    metadata = fetch_json(issuer + "/.well-known/oauth-authorization-server")
    if metadata["issuer"] != issuer:
        raise ValueError(f"the metadata is about {metadata['issuer']}")
    # RFC 7517, section 8.5.2.
    jwks = fetch_json(metadata["jwks_uri"], "application/jwk-set+json")
    keys = {key.key_id: key.key for key in jwt.PyJWKSet.from_dict(jwks).keys}
    aggregation = fetch_json(metadata["status_list_aggregation_endpoint"])
    lists = {uri: read_list(keys, issuer, uri) for uri in aggregation["status_lists"]}
    references = [verify(keys, token, "at+jwt", issuer=issuer)["status"]["status_list"] for token in given["tokens"]]
    own = {uri: read_list(keys, issuer, uri) for uri in {reference["uri"] for reference in references}}
    for uri, status_list in own.items():
        if lists.get(uri) != status_list:
            raise ValueError(f"{uri} is not a list of the aggregation")
    result = {
        "tokens": [status_at(own[reference["uri"]], reference["idx"]) for reference in references],
        "lists": {uri: indexes_set(status_list) for uri, status_list in lists.items()},
    }
    json.dump(result, sys.stdout)


main()
