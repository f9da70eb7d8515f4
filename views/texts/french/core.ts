import type { core as english } from '../english/core.ts';

export const core: typeof english = {
  common: {
    back: 'Retour',
    errorPrefix: 'Problème',
    moreInformation: 'À propos de cette application',
    openInNewTab: 's’ouvre dans un nouvel onglet',
    privacyPolicy: 'Politique de confidentialité',
    service: 'Service de connexion',
    termsOfService: 'Conditions d’utilisation',
  },
  person: {
    notYou: 'Ce n’est pas vous\u202f?',
    signedInAs: 'Votre compte',
  },
  signIn: {
    title: 'Connexion',
    again: 'Confirmez votre identité',
    toContinue: (client) => `pour continuer vers ${client}`,
    againReason: (client) => `${client} vous demande de saisir à nouveau votre mot de passe.`,
    unverified: 'Cette application s’est enregistrée elle-même. Personne ici n’a vérifié qui la gère.',
    identifier: 'Adresse e-mail ou nom d’utilisateur',
    password: 'Mot de passe',
    remember: 'Garder ma session ouverte sur cet appareil',
    submit: 'Se connecter',
    confirm: 'Continuer',
    keepAccount: (name) => `Continuer plutôt en tant que ${name}`,
    cancel: (client) => `Annuler et revenir à ${client}`,
    cancelDevice: 'Annuler',
    problems: {
      identifierMissing: 'Saisissez votre adresse e-mail ou votre nom d’utilisateur.',
      passwordMissing: 'Saisissez votre mot de passe.',
      rejected: 'L’identifiant et le mot de passe ne correspondent pas. Vérifiez-les et réessayez.',
      tooMany: (wait) => `Trop de tentatives. Attendez ${wait}, puis réessayez.`,
      stale:
        'Ce formulaire est resté ouvert trop longtemps, ou votre navigateur bloque les cookies. Réessayez.',
      passkeyRejected:
        'Cette clé d’accès n’a pas pu être acceptée, ou cette page est restée ouverte trop longtemps. Réessayez ou utilisez votre mot de passe.',
      passkeyUnverified:
        'Cette clé d’accès n’a pas vérifié que c’est bien vous, par un code PIN ou une empreinte. Connectez-vous d’abord avec votre mot de passe.',
      factorFailed: 'Il y a eu trop de réponses erronées. Recommencez avec votre mot de passe.',
    },
  },
  chooser: {
    title: 'Choisissez un compte',
    continueAs: (name) => `Continuer en tant que ${name}`,
    other: 'Utiliser un autre compte',
  },
  consent: {
    title: (client) => `Autoriser ${client} à utiliser votre compte\u202f?`,
    moreTitle: (client) => `Accorder davantage à ${client}\u202f?`,
    confirmTitle: (client) => `Continuer vers ${client}\u202f?`,
    unverifiedTitle: 'Application non vérifiée',
    unverified: 'Cette application s’est enregistrée elle-même. Personne ici n’a vérifié qui la gère.',
    unverifiedAdvice: (place) => `Ne continuez que si vous connaissez ${place} et lui faites confiance.`,
    willSee: (client) => `${client} pourra`,
    willUse: (api) => `Dans ${api}, l’application pourra`,
    nothingNew: (client) =>
      `Vous avez déjà donné votre accord. ${client} n’apprendra rien de plus et demande seulement une confirmation.`,
    more: (client) => `Vous avez déjà accordé certaines choses à ${client}. Voici ce qui est nouveau.`,
    wholeApi: 'Se connecter en votre nom',
    offline: 'Même en votre absence',
    offlineAccess: (duration) => `Conserver cet accès pendant ${duration} au plus, sans redemander`,
    whileSignedIn: (duration) => `Valable jusqu’à votre déconnexion ici, ${duration} au plus.`,
    remembered:
      'Cela ne vous sera plus demandé, et vous pouvez le retirer à tout moment dans votre compte, sous «\u00a0Applications autorisées\u00a0».',
    askedAgain:
      'Cela vous sera redemandé la prochaine fois, et vous pouvez le retirer dans votre compte, sous «\u00a0Applications autorisées\u00a0».',
    scopes: {
      openid: 'Vous reconnaître à votre retour',
      profile: 'Voir votre nom et le reste de votre profil',
      email: 'Voir votre adresse e-mail',
      address: 'Voir votre adresse postale',
      phone: 'Voir votre numéro de téléphone',
    },
    otherScope: (scope) => `Utiliser «\u00a0${scope}\u00a0»`,
    sentTo: 'Vous irez ensuite sur',
    device: 'Vous pourrez ensuite revenir à votre appareil.',
    allow: 'Autoriser',
    deny: 'Refuser',
    stale:
      'Cette page est restée ouverte trop longtemps, ou votre navigateur bloque les cookies. Répondez à nouveau.',
  },
  device: {
    title: 'Connecter un appareil',
    introduction: 'Saisissez le code affiché par votre appareil.',
    code: 'Code',
    codeHint: 'Majuscules, minuscules et tirets n’ont pas d’importance.',
    submit: 'Continuer',
    confirmTitle: (client) => `Connecter ${client}\u202f?`,
    sameCode: 'Votre appareil affiche-t-il ce code\u202f?',
    warning:
      'Ne continuez que si vous avez commencé cette opération vous-même, sur un appareil devant vous. Personne ne doit vous envoyer de code.',
    confirm: 'Oui, le connecter',
    abort: 'Non, arrêter',
    doneTitle: 'Votre appareil est connecté',
    done: (client) => `${client} continue tout seul. Vous pouvez fermer cette page.`,
    doneUnnamed: 'Il continue tout seul. Vous pouvez fermer cette page.',
    problems: {
      missing: 'Saisissez le code affiché par votre appareil.',
      unknown: 'Ce code est inconnu. Vérifiez-le sur votre appareil et réessayez.',
      expired: 'Ce code a expiré. Demandez-en un nouveau à votre appareil.',
      used: 'Ce code a déjà servi. Demandez-en un nouveau à votre appareil.',
      aborted: 'Opération arrêtée. L’appareil n’a pas été connecté.',
      failed: 'Cela n’a pas fonctionné. Saisissez le code à nouveau.',
    },
  },
  signOut: {
    title: 'Se déconnecter\u202f?',
    asked: (client) => `${client} demande à vous déconnecter.`,
    everywhere:
      'La déconnexion met fin à votre session dans ce navigateur, pour toutes les applications qui l’utilisent.',
    submit: 'Se déconnecter',
    onlyThis: (client) => `Quitter seulement ${client}`,
    stay: 'Garder ma session ouverte',
    doneTitle: 'Déconnexion effectuée',
    done: 'Votre session dans ce navigateur est terminée. Sur un ordinateur partagé, fermez aussi le navigateur.',
    leftTitle: (client) => `Vous avez quitté ${client}`,
    left: 'Votre session reste ouverte ici pour vos autres applications.',
    home: 'Aller à la page d’accueil',
  },
  expired: {
    title: 'Veuillez recommencer',
    explanation:
      'Cette connexion est restée ouverte trop longtemps, s’est terminée dans un autre onglet, ou votre navigateur bloque les cookies.',
    advice: 'Revenez à l’application d’où vous venez et connectez-vous à nouveau.',
  },
  error: {
    reference: 'Référence',
    code: 'Code',
    details: 'Détails',
    detailsFor: 'Pour les responsables de l’application',
    titles: {
      request: 'Cette demande ne peut pas aboutir',
      server: 'Un problème est survenu de notre côté',
      away: 'Nous revenons tout de suite',
      missing: 'Il n’y a rien ici',
      denied: 'Ce n’est pas autorisé',
      slow: 'C’était un peu trop rapide',
    },
    byStatus: {
      request:
        'L’application vous a envoyé ici avec une demande que nous ne pouvons pas accepter. Revenez-y et réessayez.',
      server:
        'L’erreur est de notre côté. Réessayez dans un instant\u202f; si elle se répète, donnez la référence ci-dessous à l’assistance.',
      away: 'Le service est très sollicité ou en maintenance. Réessayez dans un instant\u202f; rien n’est perdu.',
      missing: 'L’adresse est peut-être mal saisie, ou la page a été déplacée.',
      denied: 'Vous ne pouvez pas faire cela d’ici.',
      slow: 'Il y a eu trop de demandes en peu de temps. Attendez un instant et réessayez.',
    },
    byCode: {
      access_denied: 'La demande a été refusée\u00a0: rien n’a été partagé.',
      consent_required:
        'L’application a d’abord besoin de votre accord. Revenez-y et connectez-vous à nouveau.',
      expired_token: 'Cette demande a expiré. Revenez à l’application et recommencez.',
      interaction_required:
        'L’application a d’abord une question à vous poser. Revenez-y et connectez-vous à nouveau.',
      invalid_client:
        'Nous ne connaissons pas l’application qui vous a envoyé ici, ou elle a été désactivée.',
      csrf_failed:
        'Ce formulaire est resté ouvert trop longtemps, ou votre navigateur bloque les cookies. Revenez en arrière, rechargez la page et réessayez.',
      invalid_redirect_uri:
        'L’application veut vous envoyer à une adresse qu’elle n’a pas déclarée. Par sécurité, nous nous sommes arrêtés ici.',
      invalid_request:
        'L’application vous a envoyé ici avec une demande incomplète ou expirée. Revenez-y et réessayez.',
      invalid_request_object:
        'L’application vous a envoyé ici avec une demande signée que nous ne pouvons pas accepter.',
      invalid_request_uri:
        'L’application vous a envoyé ici avec une demande expirée ou déjà utilisée. Revenez-y et réessayez.',
      invalid_scope:
        'L’application demande une autorisation qui n’existe pas ou à laquelle elle n’a pas droit.',
      invalid_target: 'L’application demande l’accès à un service que nous ne connaissons pas.',
      login_required: 'Vous devez d’abord vous connecter. Revenez à l’application et connectez-vous.',
      registration_not_supported: 'L’application utilise une fonction que ce service n’offre pas.',
      request_not_supported: 'L’application utilise une fonction que ce service n’offre pas.',
      request_uri_not_supported: 'L’application utilise une fonction que ce service n’offre pas.',
      unauthorized_client: 'L’application n’est pas autorisée à vous connecter de cette façon.',
      unmet_authentication_requirements:
        'L’application exige un mode de connexion plus sûr que ceux disponibles ici.',
      unsupported_response_mode: 'L’application utilise une fonction que ce service n’offre pas.',
      unsupported_response_type: 'L’application utilise une fonction que ce service n’offre pas.',
    },
  },
  front: {
    title: 'Guichet',
    lead: (host) => `Voici le service de connexion de ${host}.`,
    people:
      'Pour vous connecter, ouvrez l’application de votre choix\u00a0: elle vous amène ici quand il le faut.',
    account: 'Votre compte',
    accountHint: 'pour voir et modifier ce qui est conservé, et où votre session est ouverte',
    device: 'Connecter un appareil',
    deviceHint: 'pour un téléviseur, une console ou un terminal qui affiche un code',
    developers: 'Pour les développeurs',
    openidMetadata: 'Métadonnées du fournisseur OpenID',
    oauthMetadata: 'Métadonnées du serveur OAuth',
    jwks: 'Clés publiques de signature (JWKS)',
    firstToken: 'Votre premier jeton',
    firstTokenLead:
      'Trois commandes à lancer dans le dossier du projet, pendant que ce serveur tourne\u00a0:',
    stepApi: 'Déclarez une API et une permission.',
    stepClient: 'Déclarez un client qui peut l’utiliser. Son secret n’est montré qu’une fois.',
    stepToken: 'Demandez un jeton avec l’identifiant et le secret reçus.',
    developmentOnly: 'Vous voyez ceci parce que le serveur tourne en mode développement.',
  },
};
