import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

/** Somebody else's single-page application: oidc-client-ts as it is published, with a button for each thing it can do. */
export interface Spa {
  readonly origin: string;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUri: string;
  /** What `UserManager` is made with; call before a page is opened. */
  configure(settings: { authority: string; client_id: string }): void;
  close(): Promise<void>;
}

const LIBRARY = path.join(
  import.meta.dirname,
  '../../node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js',
);

const PAGES: Readonly<Record<string, string>> = {
  '/': `<h1>Budget</h1><p id="who"></p>
    <button>Redirect</button><button>Popup</button><button>Refresh</button><button>Sign out</button>
    <button>Sign out in popup</button>`,
  '/callback': '<h1>Back</h1>',
  '/popup': '<h1>Popup</h1>',
  '/bye': '<h1>Bye</h1>',
};

const SCRIPT = `
  const manager = new oidc.UserManager(settings);
  const who = document.getElementById('who');
  const show = (user) => { who.textContent = user ? user.profile.sub + ' ' + user.access_token : 'nobody'; };
  const failed = (error) => { who.textContent = 'failed: ' + error.message; };
  const actions = {
    'Redirect': () => manager.signinRedirect(),
    'Popup': () => manager.signinPopup({ popupAbortOnClose: true }).then(show),
    'Refresh': () => manager.signinSilent().then(show),
    'Sign out': () => manager.signoutRedirect(),
    'Sign out in popup': () => manager.signoutPopup({ popupAbortOnClose: true }).then(() => manager.getUser()).then(show),
  };
  for (const button of document.querySelectorAll('button')) {
    button.addEventListener('click', () => actions[button.textContent]().catch(failed));
  }
  const arrivals = {
    '/': () => manager.getUser().then(show),
    '/callback': () => manager.signinRedirectCallback().then(() => location.replace('/')),
    '/popup': () => manager.signinPopupCallback(),
    '/bye': () => window.opener ? manager.signoutPopupCallback() : manager.signoutRedirectCallback(),
  };
  arrivals[location.pathname]().catch((error) => { document.body.append('failed: ' + error.message); });
`;

export async function startSpa(): Promise<Spa> {
  const library = readFileSync(LIBRARY);
  let settings = {};
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://spa.example');
    const script = {
      '/library.js': library,
      '/script.js': `const settings = ${JSON.stringify(settings)};${SCRIPT}`,
    };
    const text = Object.hasOwn(script, pathname) ? script[pathname as keyof typeof script] : undefined;
    const page = PAGES[pathname];
    if (text) response.writeHead(200, { 'content-type': 'text/javascript' }).end(text);
    else if (page) response.writeHead(200, { 'content-type': 'text/html' }).end(frame(page));
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    redirectUris: [`${origin}/callback`, `${origin}/popup`],
    postLogoutRedirectUri: `${origin}/bye`,
    configure(given) {
      settings = {
        ...given,
        redirect_uri: `${origin}/callback`,
        popup_redirect_uri: `${origin}/popup`,
        post_logout_redirect_uri: `${origin}/bye`,
        popup_post_logout_redirect_uri: `${origin}/bye`,
        scope: 'openid profile',
        automaticSilentRenew: false,
        // The session iframe of OpenID Connect Session Management, which this server has not.
        monitorSession: false,
      };
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function frame(body: string): string {
  return `<!doctype html><title>Budget</title>${body}<script src="/library.js"></script><script src="/script.js"></script>`;
}
