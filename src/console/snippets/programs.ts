import { signInScope, type Facts } from './facts.ts';
import { asked, discovered, indented, type Place } from './program.ts';

/** The members of a sign-in's request, each a line; `redirect` is an expression of the program. */
function signInRequest(facts: Facts, place: Place, redirect: string): string[] {
  return [
    `redirect_uri: ${redirect},`,
    ...asked(facts, signInScope(facts), place),
    'state,',
    'code_challenge: await client.calculatePKCECodeChallenge(verifier),',
    "code_challenge_method: 'S256',",
  ];
}

/** A service that acts for itself. */
export function machine(facts: Facts): string {
  return `${discovered(facts, 'process')}

const tokens = await client.clientCredentialsGrant(config, {
${indented(asked(facts, facts.scopes.join(' '), 'process'), 2)}
});
console.log(tokens.token_type, tokens.access_token, 'for', tokens.expires_in, 's');`;
}

/** An application on a server: what began a sign-in is kept there, under a cookie of the browser that began it. */
export function webApp(facts: Facts): string {
  const redirect = new URL(facts.redirect);
  return `${discovered(facts, 'process', ["import { createServer } from 'node:http';"])}

const begun = new Map(); // In production: your session store.

createServer(async (req, res) => {
  const url = new URL(req.url, env.REDIRECT_URI);
  try {
    if (url.pathname === ${JSON.stringify(redirect.pathname)}) await finish(url, req, res);
    else await begin(res);
  } catch (error) {
    res.writeHead(400).end(error.message);
  }
}).listen(env.PORT ?? ${redirect.port || '8080'});

async function begin(res) {
  const state = client.randomState();
  const verifier = client.randomPKCECodeVerifier();
  begun.set(state, verifier);
  const location = client.buildAuthorizationUrl(config, {
${indented(signInRequest(facts, 'process', 'env.REDIRECT_URI'), 4)}
  });
  const cookie = \`sign-in=\${state}; HttpOnly; SameSite=Lax; Path=/\`;
  res.writeHead(303, { location: location.href, 'set-cookie': cookie }).end();
}

async function finish(url, req, res) {
  const state = /(?:^|; )sign-in=([^;]*)/.exec(req.headers.cookie)?.[1];
  const checks = { expectedState: state, pkceCodeVerifier: begun.get(state) };
  begun.delete(state);
  const tokens = await client.authorizationCodeGrant(config, url, checks);
  res.end(\`Hello \${tokens.claims().sub}\`); // And tokens.access_token is for the API.
}`;
}

/** A page without a server of its own. */
export function singlePageApp(facts: Facts): string {
  return `${discovered(facts, 'page')}

const here = new URL(location.href);
if (here.searchParams.has('state')) {
  const checks = JSON.parse(sessionStorage.getItem('sign-in'));
  sessionStorage.removeItem('sign-in');
  const tokens = await client.authorizationCodeGrant(config, here, checks);
  history.replaceState(null, '', here.pathname);
  document.body.append(\`Hello \${tokens.claims().sub}\`); // And tokens.access_token is for the API.
} else {
  const state = client.randomState();
  const verifier = client.randomPKCECodeVerifier();
  const checks = { expectedState: state, pkceCodeVerifier: verifier };
  sessionStorage.setItem('sign-in', JSON.stringify(checks));
  location.href = client.buildAuthorizationUrl(config, {
${indented(signInRequest(facts, 'page', JSON.stringify(facts.redirect)), 4)}
  });
}`;
}

/** RFC 8252 §7.3: an app on a computer listens on a port of the moment while its person is in the browser. */
export function nativeApp(facts: Facts): string {
  return `${discovered(facts, 'process', ["import { once } from 'node:events';", "import { createServer } from 'node:http';"])}

const redirect = new URL(env.REDIRECT_URI);
const server = createServer().listen(0, redirect.hostname.replace(/[[\\]]/g, ''));
await once(server, 'listening');
redirect.port = server.address().port; // Any port is accepted on a loopback address.

const state = client.randomState();
const verifier = client.randomPKCECodeVerifier();
const url = client.buildAuthorizationUrl(config, {
${indented(signInRequest(facts, 'process', 'redirect.href'), 2)}
});
console.log('Open', url.href);

const [req, res] = await once(server, 'request');
res.end('You can close this page.');
server.close();
const checks = { expectedState: state, pkceCodeVerifier: verifier };
const tokens = await client.authorizationCodeGrant(config, new URL(req.url, redirect), checks);
console.log('Hello', tokens.claims().sub); // And tokens.access_token is for the API.`;
}

/** An app that the system calls with its redirect URI: \`currentUrl\` is what it was called with. */
export function appWithScheme(facts: Facts): string {
  return `${discovered(facts, 'process')}

const state = client.randomState();
const verifier = client.randomPKCECodeVerifier();
const url = client.buildAuthorizationUrl(config, {
${indented(signInRequest(facts, 'process', 'env.REDIRECT_URI'), 2)}
});
// Open url in the system's browser; when the app is called with currentUrl:
const checks = { expectedState: state, pkceCodeVerifier: verifier };
const tokens = await client.authorizationCodeGrant(config, currentUrl, checks);`;
}

/** RFC 8628: something without a keyboard. */
export function device(facts: Facts): string {
  return `${discovered(facts, 'process')}

const begun = await client.initiateDeviceAuthorization(config, {
${indented(asked(facts, signInScope(facts), 'process'), 2)}
});
console.log('Open', begun.verification_uri_complete, 'and compare the code', begun.user_code);
const tokens = await client.pollDeviceAuthorizationGrant(config, begun);
console.log('Hello', tokens.claims().sub); // And tokens.access_token is for the API.`;
}
