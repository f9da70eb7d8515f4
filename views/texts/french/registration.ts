import type { registration as english } from '../english/registration.ts';

export const registration: typeof english = {
  signInLinks: {
    forgotten: 'Mot de passe oublié\u202f?',
    register: 'Créer un compte',
  },
  newPassword: {
    label: 'Nouveau mot de passe',
    repeat: 'Le même mot de passe, encore une fois',
    hint: (length) =>
      `Au moins ${length} caractères. Quelques mots sans lien entre eux se retiennent facilement\u202f; chiffres et symboles ne sont pas nécessaires.`,
    problems: {
      missing: 'Choisissez un mot de passe.',
      different: 'Les deux mots de passe ne sont pas identiques. Saisissez-les à nouveau.',
      'too-short': (length) =>
        `Ce mot de passe est trop court. Il faut au moins ${length} caractères\u202f; quelques mots sans lien entre eux se retiennent facilement.`,
      'too-long': 'Ce mot de passe est trop long.',
      'unusable-characters': 'Ce mot de passe contient des caractères qui ne se saisissent pas partout.',
      predictable:
        'Ce mot de passe se répète ou suit l’ordre du clavier. Choisissez-en un plus difficile à deviner.',
      'names-you':
        'Ce mot de passe se compose surtout de votre nom, de votre adresse ou du nom de ce service. Choisissez-en un plus difficile à deviner.',
      common:
        'Beaucoup de gens utilisent ce mot de passe, ou un autre qui commence de même\u202f: il est parmi les premiers que l’on essaie. Choisissez-en un autre.',
    },
  },
  register: {
    title: 'Créer un compte',
    explanation: 'Indiquez votre adresse e-mail. Nous vous envoyons un lien pour continuer.',
    email: 'Adresse e-mail',
    domains: (list) => `Les adresses de ${list} sont acceptées ici.`,
    submit: 'Recevoir le lien',
    known: 'J’ai déjà un compte',
    problems: {
      missing: 'Saisissez votre adresse e-mail.',
      invalid: 'Ceci n’est pas une adresse e-mail. Vérifiez l’orthographe.',
      domain: (list) => `Seules les personnes ayant une adresse de ${list} peuvent créer un compte ici.`,
      stale:
        'Ce formulaire est resté ouvert trop longtemps, ou votre navigateur bloque les cookies. Réessayez.',
    },
  },
  reset: {
    title: 'Mot de passe oublié\u202f?',
    explanation:
      'Dites-nous qui vous êtes. Nous envoyons à l’adresse e-mail de votre compte un lien pour choisir un nouveau mot de passe.',
    submit: 'Recevoir le lien',
    back: 'Revenir à la connexion',
    problems: {
      missing: 'Saisissez votre adresse e-mail ou votre nom d’utilisateur.',
      invalid: 'Ceci n’est pas une adresse e-mail. Vérifiez l’orthographe.',
      stale:
        'Ce formulaire est resté ouvert trop longtemps, ou votre navigateur bloque les cookies. Réessayez.',
    },
  },
  checkMail: {
    title: 'Consultez vos e-mails',
    registration: (duration) =>
      `Nous avons envoyé un e-mail à l’adresse saisie. Ouvrez le lien qu’il contient dans un délai de ${duration} pour continuer.`,
    reset: (duration) =>
      `Si ce nom est celui d’un compte, un e-mail est en route vers son adresse. Ouvrez le lien qu’il contient dans un délai de ${duration}.`,
    sameBrowser: 'Ouvrez-le de préférence dans ce navigateur\u00a0: il vous ramène là où vous êtes.',
    nothing: 'Rien reçu\u202f?',
    spam: 'Regardez dans le dossier des messages indésirables.',
    again:
      'Vérifiez l’adresse et demandez un autre e-mail. Seul le dernier fonctionne, et leur nombre par heure est limité.',
    askAgain: 'Demander un autre e-mail',
  },
  registrationLink: {
    title: 'Créez votre compte',
    lead: (email) => `pour ${email}`,
    name: 'Votre nom',
    nameHint: 'Les applications que vous autorisez peuvent le voir. Il est facultatif.',
    submit: 'Créer le compte',
    next: 'Ensuite, vous vous connectez avec votre adresse et ce mot de passe.',
    problems: {
      name: 'Ce nom contient des caractères inutilisables, ou il est trop long.',
      stale:
        'Ce formulaire est resté ouvert trop longtemps, ou votre navigateur bloque les cookies. Réessayez.',
    },
  },
  resetLink: {
    title: 'Choisissez un nouveau mot de passe',
    lead: (email) => `pour ${email}`,
    everywhere:
      'Vous serez déconnecté partout, et les applications qui utilisaient votre compte devront vous solliciter à nouveau.',
    submit: 'Enregistrer le mot de passe',
    stale:
      'Ce formulaire est resté ouvert trop longtemps, ou votre navigateur bloque les cookies. Réessayez.',
  },
  requiredPassword: {
    title: 'Choisissez un nouveau mot de passe',
    lead: 'Le responsable de ce service vous demande de choisir un autre mot de passe avant de continuer. Vous avez été déconnecté partout.',
    submit: 'Enregistrer et continuer',
    same: 'C’est votre mot de passe actuel. Choisissez-en un autre.',
    stale:
      'Ce formulaire est resté ouvert trop longtemps, ou votre navigateur bloque les cookies. Réessayez.',
  },
  emailLink: {
    title: 'Confirmez votre adresse e-mail',
    asked: 'Quelqu’un veut utiliser cette adresse pour son compte\u00a0:',
    onlyYou: 'Ne confirmez que si c’était vous. Sinon, fermez cette page\u00a0: rien n’a changé.',
    submit: 'Oui, c’est mon adresse',
    stale:
      'Cette page est restée ouverte trop longtemps, ou votre navigateur bloque les cookies. Confirmez à nouveau.',
    doneTitle: 'Votre adresse est confirmée',
    done: 'Désormais, vous vous connectez avec elle et les e-mails y sont envoyés.',
    account: 'Aller à votre compte',
  },
  accountEmail: {
    title: 'Adresse e-mail',
    verified: 'confirmée',
    unverified: 'pas encore confirmée',
    none: 'Votre compte n’a pas d’adresse e-mail.',
    noMail: 'Ce service n’envoie pas d’e-mails : une adresse ne peut donc pas être confirmée ici.',
    sent: 'Un lien est en route vers cette adresse. Rien ne change avant son ouverture ; il fonctionne pendant une heure.',
    verify: 'Envoyer un lien pour la confirmer',
    changeTitle: 'Utiliser une autre adresse',
    explanation:
      'Nous envoyons un lien à la nouvelle adresse. Tant que vous ne l’avez pas ouvert, l’ancienne reste.',
    email: 'Nouvelle adresse e-mail',
    submit: 'Envoyer le lien',
    problems: {
      missing: 'Saisissez la nouvelle adresse e-mail.',
      invalid: 'Ceci n’est pas une adresse e-mail. Vérifiez l’orthographe.',
      same: 'C’est l’adresse que vous avez déjà.',
    },
  },
  accountPassword: {
    title: 'Mot de passe',
    current: 'Votre mot de passe actuel',
    elsewhere: 'Me déconnecter partout ailleurs',
    elsewhereHint:
      'Les autres navigateurs et appareils devront se reconnecter, et leurs applications perdront leur accès. Ce navigateur reste connecté.',
    submit: 'Changer le mot de passe',
    changed: 'Votre mot de passe est changé.',
    sent: 'Un lien est en route vers votre adresse e-mail. Il fonctionne pendant une demi-heure.',
    none: 'Votre compte n’a pas de mot de passe : vous vous connectez autrement.',
    byMail:
      'Vous pouvez en choisir un grâce à un lien que nous envoyons à votre adresse e-mail. Vous serez alors déconnecté partout.',
    ask: 'Recevoir le lien',
    problems: {
      currentMissing: 'Saisissez votre mot de passe actuel.',
      rejected: 'Ce n’est pas votre mot de passe actuel.',
      tooMany: (wait) => `Trop de tentatives. Attendez ${wait}, puis réessayez.`,
    },
  },
  deadLink: {
    title: 'Ce lien ne fonctionne plus',
    explanation:
      'Il a déjà servi, il a expiré, ou un lien plus récent vous a été envoyé. Chaque lien fonctionne une seule fois.',
    whatNow: {
      registration:
        'Si vous avez déjà choisi un mot de passe, connectez-vous. Sinon, demandez un nouveau lien là où l’on crée un compte, ou à la personne qui vous a invité.',
      reset:
        'Connectez-vous avec votre nouveau mot de passe si vous en avez choisi un, ou demandez là un autre lien.',
      email: 'Si votre adresse reste à confirmer, demandez un autre lien depuis votre compte.',
    },
    signIn: 'Aller à la connexion',
    account: 'Aller à votre compte',
  },
};
