/**
 * What a developer pastes next, for the kind of application that was registered: shown beside it in the console, and rendered with
 * the rest of each way into docs/recipes.md by the test that runs it.
 */
import type { Snippet } from '../../../views/locals/console-applications.ts';
import type { ClientDocument } from '../../documents/client.ts';
import { whatIs } from '../clients.ts';
import { deviceWithCurl, introspection, tokenWithCurl } from './curl.ts';
import { environmentOf, factsOf, type Facts } from './facts.ts';
import { MCP_CLIENT } from './mcp.ts';
import { appWithScheme, device, machine, nativeApp, singlePageApp, webApp } from './programs.ts';

const IN_NODE = 'In Node, with openid-client';

export function clientSnippets(issuer: string, client: ClientDocument): Snippet[] {
  const facts = factsOf(issuer, client);
  const isPage = whatIs(client) === 'Single-page app';
  const environment = { title: 'Environment', text: isPage ? undefined : environmentOf(facts) };
  const snippets = [environment, ...programsOf(facts)];
  return snippets.filter((snippet): snippet is Snippet => snippet.text !== undefined);
}

function programsOf(facts: Facts): { title: string; text: string | undefined }[] {
  switch (whatIs(facts.client)) {
    case 'Machine':
      return [
        { title: 'A token with curl', text: tokenWithCurl(facts) },
        { title: IN_NODE, text: machine(facts) },
      ];
    case 'Device':
      return [
        { title: 'A code for the device with curl', text: deviceWithCurl(facts) },
        { title: IN_NODE, text: device(facts) },
      ];
    case 'API credentials':
      return [{ title: 'Is this token alive?', text: introspection(facts) }];
    case 'Single-page app':
      return [{ title: 'In the page, with openid-client', text: singlePageApp(facts) }];
    case 'Native app':
      return isLoopback(facts.redirect)
        ? [
            { title: IN_NODE, text: nativeApp(facts) },
            {
              title: 'As an MCP client, with its SDK',
              text: facts.audience === undefined ? undefined : MCP_CLIENT,
            },
          ]
        : [{ title: 'With openid-client', text: appWithScheme(facts) }];
    case 'Web app':
      return [{ title: IN_NODE, text: webApp(facts) }];
    default:
      return [];
  }
}

/** RFC 8252 §7.3. */
function isLoopback(redirect: string): boolean {
  return /^http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost)[:/]/.test(redirect);
}
