import type { Middleware } from 'koa';
import type Provider from 'oidc-provider';

import { httpError } from '../http/errors.ts';

const FORM = '/device';
const RESUME = /^\/device\/(?!auth$)[^/]+$/;

/**
 * Whoever fails at the device pages is shown the form for the code again, which the library keeps a secret for in the
 * session. It saves that session only if there was one before and throws otherwise (helpers/initialize_app.js), so a
 * browser that brings none is told here. Nothing can be under way in it: `GET /device` is what begins a session.
 */
export function refuseStrayDeviceVisitors(provider: Provider): Middleware {
  const cookieName = provider.cookieName('session');
  return function refuseWithoutSession(ctx, next) {
    const resumes = (ctx.method === 'GET' || ctx.method === 'HEAD') && RESUME.test(ctx.path);
    const submits = ctx.method === 'POST' && ctx.path === FORM;
    if ((!resumes && !submits) || ctx.cookies.get(cookieName, { signed: true })) return next();
    if (resumes)
      throw httpError('interaction_expired', 'There is nothing to go on with here. Enter the code again.');
    throw httpError('csrf_failed', 'This form has expired, or your browser blocks cookies.');
  };
}

/** `/device/auth` is for devices to post to; the library would take it for the page of an interaction called `auth`. */
export function reserveDeviceAuthorization(): Middleware {
  return function refuseOtherMethods(ctx, next) {
    if (ctx.path !== '/device/auth' || ctx.method === 'POST' || ctx.method === 'OPTIONS') return next();
    ctx.set('Allow', 'POST');
    throw httpError('method_not_allowed', 'Use POST here.');
  };
}
