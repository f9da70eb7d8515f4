import type { upstream as english } from '../english/upstream.ts';

export const upstream: typeof english = {
  upstream: {
    or: 'ou',
    button: (provider) => `Continuer avec ${provider}`,
    passingTitle: 'Un instant',
    passingTo: (provider) => `Vous allez être dirigé vers ${provider}.`,
    passingBack: 'Vous allez être ramené ici.',
    passingLink: 'Continuer',
    connecting: (provider, label) =>
      `${provider} vous connaît${label === undefined ? '' : ` (${label})`}, mais pas encore nous. Connectez-vous une fois à votre compte ici pour relier les deux.`,
    colliding: (provider, label) =>
      `Un compte ici a déjà l’adresse ${label ?? ''} que ${provider} a donnée pour vous. Connectez-vous-y une fois pour montrer qu’il est à vous, et les deux seront reliés.`,
    connectTitle: (provider) => `Relier ${provider}\u202f?`,
    connectLead: (provider, label) =>
      `Désormais, ${provider}${label === undefined ? '' : ` (${label})`} vous connectera à ce compte.`,
    connect: 'Relier',
    skip: 'Pas maintenant',
    identitiesTitle: 'Comptes reliés',
    identitiesLead: 'Les autres services qui vous connectent à ce compte.',
    identitiesNone: 'Il n’y en a pas encore.',
    connectedSince: 'Relié',
    lastUsed: 'Dernière utilisation',
    neverUsed: 'pas encore',
    disabledProvider: 'Ce service est désactivé ici pour le moment.',
    disconnect: 'Délier',
    disconnectOf: (provider) => `Délier ${provider}`,
    addTitle: 'En relier un autre',
    waitingLead: (provider, label) =>
      `D’après ${provider}, vous êtes ${label ?? 'quelqu’un qu’il connaît'}. Doit-il désormais vous connecter à ce compte\u202f?`,
    waitingSkip: 'Non, ne pas relier',
    lastWayIn: (provider) =>
      `${provider} est votre seul moyen de vous connecter. Choisissez d’abord un mot de passe ou ajoutez une clé d’accès, puis déliez-le.`,
    problems: {
      refused: (provider) =>
        `${provider || 'Le service'} ne vous a pas connecté. Réessayez ou connectez-vous autrement.`,
      away: (provider) =>
        `${provider || 'Le service'} ne répond pas. Réessayez dans un instant ou connectez-vous autrement.`,
      wrong: (provider) =>
        `${provider || 'Le service'} a donné une réponse que nous ne pouvons pas accepter. Réessayez\u202f; si cela se reproduit, prévenez les responsables de ce service.`,
      stale: (provider) =>
        `${provider || 'Le service'} ne vous a pas demandé de vous identifier à nouveau, comme il le fallait. Réessayez.`,
      unfinished: (provider) => `La connexion avec ${provider || 'le service'} n’a pas abouti. Réessayez.`,
      used: () => 'Cette réponse a déjà servi ou a expiré. Réessayez.',
      gone: () => 'Ce moyen de connexion n’est pas proposé ici.',
      disabled: () => 'Ce compte est désactivé. Adressez-vous aux responsables de ce service.',
      taken: (provider) => `Ce compte chez ${provider || 'le service'} est relié à un autre compte ici.`,
    },
  },
};
