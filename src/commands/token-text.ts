import { fields, moment, paragraphs } from './outcome.ts';
import { keySince } from '../documents/key.ts';
import { apiInWords, partyInWords } from '../inspection/cause.ts';
import type { Explanation } from '../inspection/explain-token.ts';
import type { Hook, Party, Surroundings } from '../inspection/surroundings.ts';
import { untrusted, untrustedName } from '../inspection/untrusted.ts';

/** The answer first, then the facts, then what the token says of itself. */
export function explanationToText(explanation: Explanation): string {
  const { kind, what, summary, life, surroundings, verdict } = explanation;
  const facts = fields([
    ['state', summary],
    ['signed by', signer(explanation)],
    ...whoAndWhere(explanation),
    ['issued', moment(life.issuedAt)],
    ['expires', moment(life.expiresAt) || (life.state === 'unknown' ? '' : 'never')],
    ['status', statusInWords(surroundings.status)],
    [kind === 'access_token' ? 'verifiers' : 'purpose', verdict.words],
  ]);
  return paragraphs(capital(`${what}.`), facts, acceptance(explanation), claims(explanation));
}

function signer({ read }: Explanation): string | undefined {
  if (read.kind !== 'jwt') return undefined;
  const { signature, key } = read;
  if (signature !== 'valid' || !key) return `no key of this server (signature ${signature})`;
  return `key ${key.kid} (${key.alg}, ${key.state} since ${moment(keySince(key))}), signature valid`;
}

type Rows = (readonly [label: string, value: string | null | undefined])[];

function whoAndWhere({ kind, life, surroundings }: Explanation): Rows {
  const { client, person, api, scopes, sender, grant, session } = surroundings;
  const isKnown = life.state !== 'unknown' && life.state !== 'not-ours';
  const bearer =
    kind === 'access_token' || kind === 'opaque_access_token' ? 'nobody: whoever holds it may use it' : '';
  return [
    ['client', client && withState(partyInWords(client), client)],
    ['user', person ? withState(partyInWords(person), person) : forItself(kind)],
    ['API', api && withState(apiInWords(api), api)],
    ['scopes', scopes.map(scopeInWords).join('\n')],
    ['bound to', sender ? senderInWords(sender) : isKnown && bearer],
    ['grant', hookInWords(grant)],
    ['session', hookInWords(session)],
  ].map(([label, value]) => [String(label), value || undefined] as const);
}

function forItself(kind: Explanation['kind']): string {
  return kind === 'access_token' ? 'none: the client acts for itself' : '';
}

function withState(words: string, { state, disabledAt }: Party): string {
  if (state === 'deleted') return `${words}, not registered any more`;
  return state === 'disabled' ? `${words}, disabled since ${moment(disabledAt)}` : words;
}

function scopeInWords({ name, description }: Surroundings['scopes'][number]): string {
  return description === null ? untrusted(name) : `${untrusted(name)}: ${untrusted(description)}`;
}

function senderInWords({ method, thumbprint }: NonNullable<Surroundings['sender']>): string {
  const what =
    method === 'dpop' ? 'the DPoP key with the thumbprint' : 'the client certificate with the thumbprint';
  return `${what} ${untrusted(thumbprint)}`;
}

function hookInWords(hook: Hook | null): string {
  return hook === null ? '' : `${untrusted(hook.id)}, ${hook.state}`;
}

function statusInWords(status: Surroundings['status']): string {
  if (!status) return '';
  const { uri, index, bit } = status;
  const said = bit === 1 ? '1 (revoked)' : '0 (valid)';
  return `${said}, at index ${index} of ${uri}`;
}

function acceptance({ acceptance: asked }: Explanation): string | undefined {
  if (!asked) return undefined;
  const where = asked.audience === undefined ? 'An API' : `The API ${untrusted(asked.audience)}`;
  const scopes = asked.scopes.length > 0 ? ` for ${untrusted(asked.scopes.join(' '))}` : '';
  if (asked.objections.length === 0) return `${where} accepts it${scopes}.`;
  return `${where} refuses it${scopes}: ${asked.objections.map((each) => untrusted(each)).join('; ')}`;
}

function claims({ read }: Explanation): string | undefined {
  if (read.kind !== 'jwt') return undefined;
  const said = [...Object.entries(read.header), ...Object.entries(read.claims)].map(
    ([name, value]) => [untrustedName(name), untrusted(value)] as const,
  );
  const trust = read.signature === 'valid' ? '' : ', and nothing of it is to be believed';
  return `It says${trust}:\n${fields(said)}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
