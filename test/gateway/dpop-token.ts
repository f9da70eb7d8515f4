import { ORDERS } from '../support/factories.ts';
import { form, sendRaw } from '../standards/http.ts';
import type { RelyingParty, Scene } from '../standards/scene.ts';

/** A token of client credentials that DPoP binds to the key of this proof, which is for `POST /token`. */
export async function dpopToken(scene: Scene, machine: RelyingParty, proof: string): Promise<string> {
  const answer = await sendRaw({
    port: scene.port,
    method: 'POST',
    path: '/token',
    headers: {
      Host: new URL(scene.issuer).host,
      'Content-Type': 'application/x-www-form-urlencoded',
      DPoP: proof,
      ...machine.headers,
    },
    body: form({ grant_type: 'client_credentials', resource: ORDERS, scope: 'orders:read' }).toString(),
  });
  return String(answer.json['access_token']);
}
