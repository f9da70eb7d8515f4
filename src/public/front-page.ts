import type { Middleware } from 'koa';

import type { Views } from '../../views/render.ts';
import type { Config } from '../config/config.ts';
import { showPage } from '../http/show-page.ts';
import { keepsMails } from './outbox.ts';

/** What somebody sees who opens the issuer's address. In development it says how to get the first token. */
export function frontPage({ config, views }: { config: Config; views: Views }): Middleware {
  const commands = config.mode === 'development' ? firstTokenCommands(config.issuer) : undefined;
  const hasOutbox = keepsMails(config);
  return function answerFrontPage(ctx, next) {
    if (ctx.path !== '/' || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next();
    showPage(views, ctx, 'front', { commands, hasOutbox });
    return Promise.resolve();
  };
}

function firstTokenCommands(issuer: string) {
  return {
    api: lines(
      'npm run --silent guichet --',
      'apis create --name Example',
      '--audience https://api.example',
      '--scope read="Read things"',
    ),
    client: lines(
      'npm run --silent guichet --',
      'clients create --name Demo',
      '--kind machine',
      '--default-api https://api.example',
    ),
    token: lines('curl -u CLIENT_ID:CLIENT_SECRET', '-d grant_type=client_credentials', `${issuer}/token`),
  };
}

/** Short lines: they are read on a phone as well, and copied as they stand. */
function lines(...parts: string[]): string {
  return parts.join(' \\\n  ');
}
