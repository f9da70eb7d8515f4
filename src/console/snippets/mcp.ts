/** A client of the Model Context Protocol. Its SDK does the OAuth: the MCP server's metadata (RFC 9728) leads it here. */
export const MCP_CLIENT = `import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { env } from 'node:process';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const redirect = new URL(env.REDIRECT_URI);
const server = createServer().listen(0, redirect.hostname);
await once(server, 'listening');
redirect.port = server.address().port; // Any port is accepted on a loopback address.

const state = randomUUID();
const kept = {}; // In production: a keychain.
const authProvider = {
  redirectUrl: redirect.href,
  clientMetadata: { redirect_uris: [redirect.href] },
  clientInformation: () => ({ client_id: env.CLIENT_ID, issuer: env.OIDC_ISSUER }),
  state: () => state,
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => void (kept.tokens = tokens),
  redirectToAuthorization: (url) => console.log('Open', url.href),
};

const mcp = new Client({ name: 'example', version: '1.0.0' });
// The audience of the API is the address of the MCP server.
const open = () => new StreamableHTTPClientTransport(new URL(env.API_AUDIENCE), { authProvider });
const transport = open();
try {
  await mcp.connect(transport);
} catch (error) {
  if (!(error instanceof UnauthorizedError)) throw error;
  const [req, res] = await once(server, 'request');
  const { searchParams } = new URL(req.url, redirect);
  if (searchParams.get('state') !== state) throw new Error('this sign-in was begun by somebody else');
  res.end('You can close this page.');
  await transport.finishAuth(searchParams.get('code'));
  await mcp.connect(open());
}
server.close();
const { tools } = await mcp.listTools();
console.log(tools.map(({ name }) => name));
await mcp.close();`;

/** The other side: an API that says where its tokens come from, so that such clients find their way. */
export function mcpServer(issuer: string, audience: string, scopes: readonly string[]): string {
  const [scope] = scopes;
  const options = scope === undefined ? '' : `, { scopes: [${JSON.stringify(scope)}] }`;
  return `import { env } from 'node:process';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express from 'express';
import { createVerifier, expressAuth, expressResourceMetadata, resourceMetadataUrl } from 'guichet/resource-server';

const issuer = ${JSON.stringify(issuer)};
const audience = ${JSON.stringify(audience)}; // Of the API, and where this server is reached.
const verifier = createVerifier({
  issuer,
  audience,
  credentials: { clientId: env.CLIENT_ID, clientSecret: env.CLIENT_SECRET },
  resourceMetadata: resourceMetadataUrl(audience),
});

const app = express();
app.use(expressResourceMetadata({
  resource: audience,
  authorizationServers: [issuer],
  scopesSupported: ${JSON.stringify(scopes)},
}));
app.post(new URL(audience).pathname, expressAuth(verifier${options}), express.json(), async (req, res) => {
  const server = new McpServer({ name: 'example', version: '1.0.0' });
  server.registerTool('hello', { description: 'Greets' }, () => ({
    content: [{ type: 'text', text: 'Hello' }],
  }));
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  await server.connect(transport);
  await transport.handleRequest(req, res, req.body);
});
app.listen(new URL(audience).port || 8080);`;
}
