import type { ErrorKind } from '../../views/locals/core.ts';
import type { Views } from '../../views/render.ts';
import type { Database } from '../db/database.ts';
import { showPage } from '../http/show-page.ts';
import type { ErrorView, ProviderPages } from '../oidc/pages.ts';
import { destinationOf, displayName, findPerson } from './present.ts';

/** Room for the library's longest sentence. What it quotes of a request may be longer. */
const DESCRIPTION_LENGTH_MAX = 300;

/** RFC 6749 §5.2 allows more, but no code of anybody's looks different. */
const ERROR_CODE = /^[a-z][a-z0-9_.-]{0,63}$/i;

/** The pages that the hall asks for: signing out, connecting a device, and every error a person sees. */
export function createProviderPages({ db, views }: { db: Database; views: Views }): ProviderPages {
  return {
    async signOut(ctx, { action, xsrf, clientName, accountId, redirectUri }) {
      const person = await findPerson({ db }, { id: accountId });
      const client = optionalName(clientName);
      const destination = destinationOf(redirectUri);
      const page = { action, xsrf, client, person, destination };
      showPage(views, ctx, 'sign-out', page, { formTargets: [redirectUri] });
    },
    async signedOut(ctx, { clientName }) {
      showPage(views, ctx, 'signed-out', { client: optionalName(clientName) });
    },
    async deviceCode(ctx, { action, xsrf, problem, userCode = '' }) {
      showPage(views, ctx, 'device-code', { action, xsrf, problem, userCode: displayName(userCode) });
    },
    async deviceConfirm(ctx, { action, xsrf, clientName, userCode }) {
      showPage(views, ctx, 'device-confirm', { action, xsrf, client: displayName(clientName), userCode });
    },
    async deviceDone(ctx, { clientName }) {
      showPage(views, ctx, 'device-done', { client: displayName(clientName) });
    },
    async error(ctx, view) {
      const kind = kindOf(view.status);
      const page = {
        kind,
        code: ERROR_CODE.test(view.error) ? view.error : 'unknown_error',
        // Only what an app did wrong is worth a technical sentence; for the rest ours says it all.
        description: kind === 'request' ? boundedDescription(view) : undefined,
        requestId: view.requestId,
      };
      showPage(views, ctx, 'error', page, { status: view.status });
    },
  };
}

function kindOf(status: number): ErrorKind {
  if (status === 404) return 'missing';
  if (status === 429) return 'slow';
  if (status === 503) return 'away';
  if (status >= 500) return 'server';
  return status === 401 || status === 403 ? 'denied' : 'request';
}

function boundedDescription({ description }: ErrorView): string | undefined {
  const plain = description?.replaceAll(/\p{Cc}+/gu, ' ').trim();
  return plain ? plain.slice(0, DESCRIPTION_LENGTH_MAX) : undefined;
}

function optionalName(name: string | undefined): string | undefined {
  return (name && displayName(name)) || undefined;
}
