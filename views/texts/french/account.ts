import type { account as english } from '../english/account.ts';

export const account: typeof english = {
  account: {
    navigation: {
      label: 'Votre compte',
      menu: (page) => `Menu\u00a0: ${page}`,
      signOut: 'Se déconnecter',
      pages: {
        overview: 'Vue d’ensemble',
        profile: 'Profil',
        email: 'Adresse e-mail',
        password: 'Mot de passe',
        security: 'Sécurité',
        identities: 'Comptes liés',
        apps: 'Applications autorisées',
        sessions: 'Appareils et sessions',
        activity: 'Activité récente',
        data: 'Vos données',
      },
    },
    overview: {
      title: 'Votre compte',
      name: 'Nom',
      email: 'Adresse e-mail',
      username: 'Nom d’utilisateur',
      unverified: 'pas encore confirmée',
    },
    stopped: {
      title: 'La connexion n’a pas eu lieu',
      explanation: 'Rien n’a été modifié.',
      again: 'Réessayer',
      home: 'Aller à la page d’accueil',
    },
  },
};
