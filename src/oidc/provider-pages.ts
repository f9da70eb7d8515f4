import type { ClientMetadata, Configuration, KoaContextWithOIDC } from 'oidc-provider';

import { requestIdOf } from './library-context.ts';
import type { DeviceCodeProblem, ProviderPages } from './pages.ts';

type Features = NonNullable<Configuration['features']>;

/** The library hands over ready forms; the pages get what is in them instead and write their own. */
export function logoutPages(
  pages: ProviderPages,
): Pick<NonNullable<Features['rpInitiatedLogout']>, 'logoutSource' | 'postLogoutSuccessSource'> {
  return {
    logoutSource: async (ctx) => {
      const { session, client } = ctx.oidc;
      const redirectUri: unknown = session?.state?.['postLogoutRedirectUri'];
      await pages.signOut(ctx, {
        action: ctx.oidc.urlFor('end_session_confirm'),
        xsrf: xsrfOf(ctx),
        accountId: session?.accountId ?? '',
        ...(client ? { clientName: client.clientName ?? client.clientId } : {}),
        ...(typeof redirectUri === 'string' ? { redirectUri } : {}),
      });
    },
    postLogoutSuccessSource: async (ctx) => {
      const { client } = ctx.oidc;
      await pages.signedOut(ctx, client ? { clientName: client.clientName ?? client.clientId } : {});
    },
  };
}

export function deviceFlowPages(
  pages: ProviderPages,
): Pick<
  NonNullable<Features['deviceFlow']>,
  'userCodeInputSource' | 'userCodeConfirmSource' | 'successSource'
> {
  return {
    userCodeInputSource: async (ctx, _form, _out, error) => {
      const problem = error && deviceProblem(error);
      const userCode = error && 'userCode' in error ? error.userCode : undefined;
      await pages.deviceCode(ctx, {
        action: ctx.oidc.urlFor('code_verification'),
        xsrf: xsrfOf(ctx),
        ...(problem ? { problem } : {}),
        ...(typeof userCode === 'string' ? { userCode } : {}),
      });
    },
    userCodeConfirmSource: async (ctx, _form, client, _deviceInfo, userCode) => {
      await pages.deviceConfirm(ctx, {
        action: ctx.oidc.urlFor('code_verification'),
        xsrf: xsrfOf(ctx),
        clientName: nameOf(client),
        userCode,
      });
    },
    successSource: async (ctx) => {
      const { client } = ctx.oidc;
      await pages.deviceDone(ctx, { clientName: client ? nameOf(client) : '' });
    },
  };
}

export function renderError(pages: ProviderPages): NonNullable<Configuration['renderError']> {
  return async (ctx, out, error) => {
    const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
    await pages.error(ctx, {
      status,
      error: out.error,
      requestId: requestIdOf(ctx),
      ...(out.error_description === undefined ? {} : { description: out.error_description }),
    });
  };
}

/** The library's errors are told apart by name: their classes are not exported (helpers/re_render_errors.js). */
function deviceProblem(error: Error): DeviceCodeProblem {
  const problems: Record<string, DeviceCodeProblem> = {
    NoCodeError: 'missing',
    NotFoundError: 'unknown',
    ExpiredError: 'expired',
    AlreadyUsedError: 'used',
    AbortedError: 'aborted',
  };
  return problems[error.name] ?? 'failed';
}

function xsrfOf(ctx: KoaContextWithOIDC): string {
  const secret: unknown = ctx.oidc.session?.state?.['secret'];
  return typeof secret === 'string' ? secret : '';
}

function nameOf(client: { clientName?: ClientMetadata['client_name']; clientId: string }): string {
  return client.clientName ?? client.clientId;
}
