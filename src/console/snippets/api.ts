import type { Snippet } from '../../../views/locals/console-applications.ts';
import type { ApiDocument } from '../../documents/api.ts';
import { mcpServer } from './mcp.ts';

/** What stands in front of the API, in its own language or before it. */
export function apiSnippets(issuer: string, { audience, scopes }: ApiDocument): Snippet[] {
  const scope = scopes[0]?.name;
  return [
    { title: 'In Express', text: express(issuer, audience, scope) },
    { title: 'In front of it, in nginx', text: nginx(issuer, audience, scope) },
    ...(isAddress(audience)
      ? [
          {
            title: 'As an MCP server, with its SDK',
            text: mcpServer(
              issuer,
              audience,
              scopes.map(({ name }) => name),
            ),
          },
        ]
      : []),
  ];
}

/** Metadata are found from an address only (RFC 9728 §3). */
function isAddress(audience: string): boolean {
  return audience.startsWith('https:') || audience.startsWith('http:');
}

function express(issuer: string, audience: string, scope: string | undefined): string {
  const options = scope === undefined ? '' : `, { scopes: [${JSON.stringify(scope)}] }`;
  return `import { env } from 'node:process';
import express from 'express';
import { createVerifier, expressAuth, tokenOf } from 'guichet/resource-server';

const verifier = createVerifier({
  issuer: ${JSON.stringify(issuer)},
  audience: ${JSON.stringify(audience)},
  credentials: { clientId: env.CLIENT_ID, clientSecret: env.CLIENT_SECRET },
});
const app = express();
app.get('/', expressAuth(verifier${options}), (req, res) => {
  res.json({ hello: tokenOf(req).subject });
});
app.listen(env.PORT ?? 4001);`;
}

/** The part of gateways/nginx.conf that is of this API. */
function nginx(issuer: string, audience: string, scope: string | undefined): string {
  const query = new URLSearchParams({ audience, ...(scope === undefined ? {} : { scope }) }).toString();
  return `location / {
  auth_request /_guichet/verify;
  proxy_pass http://api;
}
location = /_guichet/verify {
  internal;
  proxy_pass ${issuer}/verify?${query};
  proxy_method GET;
  proxy_pass_request_body off;
  proxy_pass_request_headers off;
  proxy_set_header Content-Length "";
  proxy_set_header Host ${new URL(issuer).host};
  proxy_set_header Authorization $http_authorization;
  proxy_set_header DPoP $http_dpop;
  proxy_set_header X-Original-Method $request_method;
  proxy_set_header X-Original-URL https://api.example.com$request_uri;
}
# The whole of it, with errors and certificates: gateways/nginx.conf`;
}
