import type { UpstreamProblemReason } from '../../locals/upstream.ts';

/** Signing in with somebody else’s identity provider. */
export const upstream = {
  upstream: {
    or: 'or',
    button: (provider: string) => `Continue with ${provider}`,
    passingTitle: 'One moment',
    passingTo: (provider: string) => `You are being taken to ${provider}.`,
    passingBack: 'You are being taken back.',
    passingLink: 'Continue',
    connecting: (provider: string, label: string | undefined) =>
      label === undefined
        ? `${provider} knows you, but we do not yet. Sign in to your account here once to connect the two.`
        : `${provider} knows you as ${label}, but we do not yet. Sign in to your account here once to connect the two.`,
    colliding: (provider: string, label: string | undefined) =>
      `An account here already has the address ${label ?? ''} that ${provider} gave for you. Sign in to it once to show that it is yours, and the two are connected.`,
    connectTitle: (provider: string) => `Connect ${provider}?`,
    connectLead: (provider: string, label: string | undefined) =>
      `From now on, ${provider}${label === undefined ? '' : ` (${label})`} signs you in to this account.`,
    connect: 'Connect them',
    skip: 'Not now',
    identitiesTitle: 'Connected accounts',
    identitiesLead: 'Other services that sign you in to this account.',
    identitiesNone: 'There are none yet.',
    connectedSince: 'Connected',
    lastUsed: 'Last used',
    neverUsed: 'not yet',
    disabledProvider: 'This service is switched off here at the moment.',
    disconnect: 'Disconnect',
    disconnectOf: (provider: string) => `Disconnect ${provider}`,
    addTitle: 'Connect another',
    waitingLead: (provider: string, label: string | undefined) =>
      `${provider} says that you are ${label ?? 'somebody it knows'}. Shall it sign you in to this account from now on?`,
    waitingSkip: 'No, do not connect',
    lastWayIn: (provider: string) =>
      `${provider} is your only way in. Set a password or add a passkey first, then disconnect it.`,
    problems: {
      refused: (provider) =>
        `${provider || 'The service'} did not sign you in. Try again, or sign in another way.`,
      away: (provider) =>
        `${provider || 'The service'} does not answer. Try again in a moment, or sign in another way.`,
      wrong: (provider) =>
        `${provider || 'The service'} gave an answer that we cannot accept. Try again; if it happens again, tell whoever runs this service.`,
      stale: (provider) =>
        `${provider || 'The service'} did not ask you again, as was wanted. Please try once more.`,
      unfinished: (provider) =>
        `The sign-in with ${provider || 'the service'} was not finished. Please try again.`,
      used: () => 'That answer was used or has expired. Please try again.',
      gone: () => 'That way of signing in is not offered here.',
      disabled: () => 'This account is switched off. Ask whoever runs this service.',
      taken: (provider) =>
        `That account at ${provider || 'the service'} is connected to another account here.`,
    } satisfies Record<UpstreamProblemReason, (provider: string) => string>,
  },
};
