import { createWalker, type Page } from '../support/browser-walker.ts';
import { PASSWORD } from '../support/factories.ts';
import { post } from './http.ts';
import { addClient, authorizationRequest, authorizeUrl, walk, type Scene } from './scene.ts';

/** Every kind of page that a person can be shown, as the server really shows it. */
export async function pagesOf(scene: Scene): Promise<Readonly<Record<string, Page>>> {
  const web = await addClient(scene, 'web');
  const native = await addClient(scene, 'native', {
    metadata: { redirect_uris: ['com.example.app:/callback'] },
  });
  const device = await addClient(scene, 'device');
  const walker = createWalker({ origin: scene.issuer });
  const ask = (params: Record<string, string | undefined> = {}, client = web) =>
    walker.visit(authorizeUrl(scene, authorizationRequest(client, params).fields));

  const front = await walker.visit('/');
  const signIn = await ask();
  const credentials = { identifier: scene.person.email ?? '', password: 'not the password' };
  const rejected = await walker.submit(signIn, credentials, { form: '/sign-in' });
  const stale = await walker.submit(signIn, { ...credentials, csrf: 'x' }, { form: '/sign-in' });
  const consent = await walker.submit(signIn, { ...credentials, password: PASSWORD }, { form: '/sign-in' });
  await walk(scene, walker, consent);
  const nativeConsent = await ask(
    { redirect_uri: native.redirectUri, resource: undefined, scope: 'openid' },
    native,
  );
  const chooser = await ask({ prompt: 'select_account' });
  const again = await ask({ prompt: 'login' });
  const expired = await walker.visit('/interaction/unknown');
  const missing = await walker.visit('/nothing-here');
  const error = await ask({ redirect_uri: 'https://evil.example/' });
  const signOut = await walker.visit(`/session/end?client_id=${web.id}`);
  const signedOut = await walker.visit('/session/end/success');

  const { json } = await post(`${scene.issuer}/device/auth`, { client_id: device.id, scope: 'openid' });
  const deviceCode = await walker.visit('/device');
  const unknownCode = await walker.submit(deviceCode, { user_code: 'BBBB-BBBB' });
  const deviceForm = await walker.visit('/device');
  const deviceConfirm = await walker.submit(deviceForm, { user_code: String(json['user_code']) });
  const confirmed = await walker.submit(deviceConfirm, {}, { name: '' });
  const deviceDone = await walk(scene, walker, confirmed);
  return {
    front,
    signIn,
    rejected,
    stale,
    consent,
    nativeConsent,
    chooser,
    again,
    expired,
    missing,
    error,
    signOut,
    signedOut,
    deviceCode,
    unknownCode,
    deviceConfirm,
    deviceDone,
  };
}
