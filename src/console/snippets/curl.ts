import { quoted } from '../../words.ts';
import { methodOf, type Facts } from './facts.ts';

const SECRET = '"$CLIENT_SECRET"';

/** Undefined for a client that signs assertions: that is more than a line. */
export function tokenWithCurl(facts: Facts): string | undefined {
  const { issuer, audience, scopes } = facts;
  const authentication = authenticationOf(facts);
  if (authentication === undefined) return undefined;
  return [
    `curl ${issuer}/token ${authentication} \\\n  -d grant_type=client_credentials`,
    ...(audience === undefined ? [] : [`--data-urlencode ${quoted(`resource=${audience}`)}`]),
    ...(scopes.length === 0 ? [] : [`--data-urlencode ${quoted(`scope=${scopes.join(' ')}`)}`]),
  ].join(' ');
}

export function deviceWithCurl({ issuer, client, audience }: Facts): string {
  const resource = audience === undefined ? '' : ` --data-urlencode ${quoted(`resource=${audience}`)}`;
  return `curl ${issuer}/device/auth -d client_id=${quoted(client.client_id)} -d scope=openid${resource}`;
}

export function introspection(facts: Facts): string | undefined {
  const authentication = authenticationOf(facts);
  if (authentication === undefined) return undefined;
  return `curl ${facts.issuer}/token/introspection ${authentication} \\\n  --data-urlencode "token=$TOKEN"`;
}

function authenticationOf(facts: Facts): string | undefined {
  const id = quoted(facts.client.client_id);
  switch (methodOf(facts)) {
    case 'client_secret_basic':
      return `-u ${id}:${SECRET}`;
    case 'client_secret_post':
      return `-d client_id=${id} -d client_secret=${SECRET}`;
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
      return `--cert client.pem --key client.key -d client_id=${id}`;
    default:
      return undefined;
  }
}
