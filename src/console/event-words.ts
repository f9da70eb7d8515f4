import type { RiskReason } from '../audit/risk.ts';

/** What an event says, for whoever reads the log. */
const TYPES: Readonly<Record<string, string>> = {
  'account.created': 'An account was made',
  'account.deleted': 'An account was deleted',
  'account.disabled': 'An account was disabled',
  'account.enabled': 'An account was enabled',
  'account.exported': 'Somebody took a copy of what is known of them',
  'account.factors-reset': 'Second factors were taken off an account',
  'account.invited': 'Somebody was invited',
  'account.password-change-required': 'Another password was demanded',
  'account.password-reset-requested': 'A link for another password was asked for',
  'account.password-set': 'A password was set',
  'account.sign-in-failed': 'A sign-in failed',
  'account.signed-in': 'Somebody signed in',
  'account.updated': 'An account was changed',
  'accounts.imported': 'Accounts were imported',
  'address.blocked': 'An address was blocked',
  'address.unblocked': 'A block was lifted',
  'api.scopes-removed': 'Scopes were taken from an API',
  'client.authentication-failed': 'A client failed to authenticate',
  'client.created': 'A client was registered',
  'client.secret-expiring': 'A client secret is about to expire',
  'client.secret-revoked': 'A client secret was revoked',
  'client.secret-rotated': 'A client got another secret',
  'code.replayed': 'An authorization code was presented twice',
  'configuration.applied': 'A configuration file was applied',
  'consent.granted': 'Somebody allowed an application something',
  'consent.withdrawn': 'A consent was withdrawn',
  'guessing.stopped': 'Guessing was stopped',
  'identity-provider.group-mapped': 'A group at an identity provider got a role',
  'identity-provider.group-unmapped': 'A group at an identity provider lost a role',
  'identity-provider.roles-taken': 'Roles that an identity provider had given were taken',
  'identity.absent': 'An identity provider knows somebody no more',
  'identity.link-failed': 'An identity could not be connected',
  'identity.linked': 'An identity was connected',
  'identity.signed-out': 'An identity provider signed somebody out',
  'identity.unlinked': 'An identity was disconnected',
  'key.activated': 'A key signs from now on',
  'key.published': 'A key was published',
  'key.revoked': 'A key was revoked',
  'limit.reached': 'A limit on requests was reached',
  'mail.held-back': 'A mail was held back',
  'passkey.added': 'A passkey was added',
  'passkey.removed': 'A passkey was removed',
  'passkey.used': 'A passkey was used',
  'proof.replayed': 'A proof was presented twice',
  'recovery-code.used': 'A recovery code was used',
  'recovery-codes.made': 'Recovery codes were made',
  'refresh-token.reused': 'A refresh token was used twice',
  'remembered-device.removed': 'A browser was forgotten',
  'report.made': 'A security report was made',
  revoked: 'Tokens were revoked',
  'role.created': 'A role was made',
  'role.given': 'A role was given',
  'role.taken': 'A role was taken',
  'second-factor.failed': 'A second factor was wrong',
  'second-factor.locked': 'Second factors were locked for a while',
  'session.ended': 'A session ended',
  'totp.added': 'An authenticator app was added',
  'totp.removed': 'An authenticator app was removed',
  'totp.used': 'A code of an authenticator app was used',
};

export const KNOWN_TYPES: readonly string[] = Object.keys(TYPES);

/** `trusted-issuer.created` → `Trusted issuer: created`, for those there are no words for. */
export function eventInWords(type: string): string {
  const plain = type.replaceAll('-', ' ').replace('.', ': ');
  return TYPES[type] ?? `${plain.slice(0, 1).toUpperCase()}${plain.slice(1)}`;
}

const REASONS: Readonly<Record<RiskReason, string>> = {
  'new-device': 'a browser that was never seen before',
  'new-network': 'a network that was never seen before',
  'wrong-password': 'a wrong password',
  'wrong-second-factor': 'a wrong second factor: they have the first one',
  guessing: 'one account is guessed at',
  stuffing: 'stolen passwords are tried out on many accounts',
  'client-authentication-failed': 'a wrong client secret or assertion',
  'recovery-code-used': 'a recovery code',
  'over-limit': 'more requests than are allowed',
  'second-factor-removed': 'a second factor is gone',
  'spoofed-headers': 'headers that only a proxy may send',
  'proof-replay': 'a proof that was used before',
  'code-replay': 'a code that was used before: two have it',
  'refresh-reuse': 'a refresh token that was used before: two have it',
};

export function reasonInWords(reason: RiskReason): string {
  return REASONS[reason];
}

/** As the scores are meant (audit/risk.ts). */
export function levelOf(score: number): 'high' | 'medium' | 'low' {
  if (score >= 80) return 'high';
  return score >= 50 ? 'medium' : 'low';
}
