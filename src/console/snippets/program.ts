import { methodOf, type Facts } from './facts.ts';

/** Where a program is pasted: it has the environment of a process, or is a page in a browser. */
export type Place = 'process' | 'page';

/** What a program with openid-client begins with; afterwards `config` is there. */
export function discovered(facts: Facts, place: Place, imports: readonly string[] = []): string {
  const values =
    place === 'process'
      ? ['new URL(env.OIDC_ISSUER)', 'env.CLIENT_ID']
      : [`new URL(${JSON.stringify(facts.issuer)})`, JSON.stringify(facts.client.client_id)];
  const isPlain = facts.issuer.startsWith('http:');
  const options = isPlain
    ? [', {', '  execute: [client.allowInsecureRequests], // Only for http://', '}']
    : [];
  const lines = [
    ...imports,
    ...(place === 'process' ? ["import { env } from 'node:process';"] : []),
    "import * as client from 'openid-client';",
    ...(methodOf(facts) === 'private_key_jwt' ? ["import { importPKCS8 } from 'jose';"] : []),
    '',
    `const auth = ${authenticationOf(facts)};`,
    `const config = await client.discovery(${values.join(', ')}, {}, auth${options.join('\n')});`,
  ];
  return lines.join('\n');
}

/** The members of an authorization or token request that name what is asked for, each a line. */
export function asked({ audience }: Facts, scope: string, place: Place): string[] {
  const value = place === 'process' ? 'env.API_AUDIENCE' : JSON.stringify(audience);
  return [
    ...(scope === '' ? [] : [`scope: ${JSON.stringify(scope)},`]),
    ...(audience === undefined ? [] : [`resource: ${value},`]),
  ];
}

export function indented(lines: readonly string[], depth: number): string {
  return lines.map((line) => ' '.repeat(depth) + line).join('\n');
}

function authenticationOf(facts: Facts): string {
  switch (methodOf(facts)) {
    case 'client_secret_basic':
      return 'client.ClientSecretBasic(env.CLIENT_SECRET)';
    case 'client_secret_post':
      return 'client.ClientSecretPost(env.CLIENT_SECRET)';
    case 'private_key_jwt':
      return "client.PrivateKeyJwt(await importPKCS8(env.PRIVATE_KEY, 'ES256'))";
    case 'none':
      return 'client.None()';
    default:
      return 'client.TlsClientAuth()';
  }
}
