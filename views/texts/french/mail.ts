import type { mail as english, LetterSubject, LetterWords } from '../english/mail.ts';
import type { MailTemplate } from '../../locals/mail.ts';

const ASKED = 'Vous recevez ce message parce que quelqu’un a saisi votre adresse.';
const SAFETY = 'Vous recevez ce message parce qu’il concerne la sécurité de votre compte.';

const letters: Readonly<Record<MailTemplate, (about: LetterSubject) => LetterWords>> = {
  registration: ({ brand }) => ({
    subject: `Confirmez votre adresse e-mail pour ${brand}`,
    lead: [
      `Quelqu’un, sans doute vous, crée un compte chez ${brand} avec cette adresse. Confirmez qu’elle est à vous pour continuer.`,
    ],
    action: 'Confirmer l’adresse',
    otherwise:
      'Si ce n’était pas vous, ne faites rien\u00a0: sans votre confirmation, aucun compte n’est créé.',
    why: ASKED,
  }),
  'registration-known': ({ brand }) => ({
    subject: `Vous avez déjà un compte chez ${brand}`,
    lead: [
      'Quelqu’un, sans doute vous, a voulu créer un compte avec cette adresse. Il en existe déjà un\u00a0: utilisez-le, et choisissez un nouveau mot de passe si vous avez oublié l’ancien.',
    ],
    action: 'Utiliser mon compte',
    otherwise:
      'Si ce n’était pas vous, il n’y a rien à faire. Personne d’autre que vous n’a appris que ce compte existe.',
    why: ASKED,
  }),
  'password-reset': ({ brand }) => ({
    subject: `Choisissez un nouveau mot de passe pour ${brand}`,
    lead: [
      'Quelqu’un, sans doute vous, a demandé un nouveau mot de passe. Tant que vous n’en avez pas choisi, l’ancien reste valable.',
    ],
    action: 'Choisir un nouveau mot de passe',
    otherwise: 'Si ce n’était pas vous, ne faites rien\u00a0: votre mot de passe n’a pas changé.',
    why: ASKED,
  }),
  'password-reset-unknown': ({ brand }) => ({
    subject: `Cette adresse n’a pas de compte chez ${brand}`,
    lead: [
      'Quelqu’un, sans doute vous, a demandé un nouveau mot de passe avec cette adresse. Aucun compte ne l’utilise\u202f; vous en avez peut-être donné une autre.',
    ],
    otherwise: 'Si ce n’était pas vous, il n’y a rien à faire.',
    why: ASKED,
  }),
  'password-reset-federated': ({ brand, provider = 'votre organisation' }) => ({
    subject: `Comment vous connecter à ${brand}`,
    lead: [
      `Quelqu’un, sans doute vous, a demandé un nouveau mot de passe. Votre compte n’en a pas besoin\u00a0: vous vous connectez avec ${provider}, qui peut aussi vous aider si vous n’y arrivez plus.`,
    ],
    otherwise: 'Si ce n’était pas vous, il n’y a rien à faire\u00a0: rien n’a changé.',
    why: ASKED,
  }),
  'password-reset-disabled': ({ brand }) => ({
    subject: `Votre compte ${brand} est désactivé`,
    lead: [
      `Quelqu’un, sans doute vous, a demandé un nouveau mot de passe. Le compte associé à cette adresse est désactivé : aucun mot de passe ne l’ouvre. Les responsables de ${brand} peuvent vous dire pourquoi.`,
    ],
    otherwise: 'Si ce n’était pas vous, il n’y a rien à faire : rien n’a changé.',
    why: ASKED,
  }),
  'email-verification': ({ brand }) => ({
    subject: `Confirmez votre adresse e-mail pour ${brand}`,
    lead: [
      `Quelqu’un, sans doute vous, a demandé à confirmer que cette adresse est celle de son compte ${brand}.`,
    ],
    action: 'Confirmer l’adresse',
    otherwise: 'Si ce n’était pas vous, ne faites rien.',
    why: ASKED,
  }),
  'email-change': ({ brand }) => ({
    subject: `Confirmez votre nouvelle adresse e-mail pour ${brand}`,
    lead: [
      `Quelqu’un, sans doute vous, veut utiliser cette adresse pour son compte chez ${brand}. Tant que vous ne l’avez pas confirmée, l’ancienne reste en place.`,
    ],
    action: 'Confirmer l’adresse',
    otherwise: 'Si ce n’était pas vous, ne faites rien\u00a0: votre adresse ne sera pas utilisée.',
    why: ASKED,
  }),
  invitation: ({ brand, inviter }) => ({
    subject: `Votre invitation chez ${brand}`,
    lead: [
      inviter === undefined
        ? `Vous avez une invitation chez ${brand}.`
        : `${inviter} vous invite chez ${brand}.`,
      'Acceptez l’invitation et choisissez comment vous voulez vous connecter.',
    ],
    action: 'Accepter l’invitation',
    otherwise: 'Si vous ne savez pas de quoi il s’agit, ne faites rien.',
    why: 'Vous recevez ce message parce que vous avez été invité à cette adresse.',
  }),
  'new-device': ({ brand }) => ({
    subject: `Nouvelle connexion à ${brand}`,
    lead: ['Quelqu’un s’est connecté à votre compte sur un appareil qui n’avait pas encore servi pour cela.'],
    action: 'Voir où je suis connecté',
    otherwise:
      'Si c’était vous, il n’y a rien à faire. Sinon, fermez tout de suite cette session, puis changez de mot de passe.',
    why: SAFETY,
  }),
  'password-changed': ({ brand }) => ({
    subject: `Votre mot de passe pour ${brand} a changé`,
    lead: ['Votre compte a un nouveau mot de passe.'],
    action: 'Vérifier mon compte',
    otherwise:
      'Si ce n’était pas vous, demandez tout de suite un nouveau mot de passe sur la page de connexion, puis vérifiez la sécurité de votre compte.',
    why: SAFETY,
  }),
  'email-changed': ({ brand }) => ({
    subject: `Votre adresse e-mail chez ${brand} a changé`,
    lead: ['Votre compte a désormais une autre adresse. C’est le dernier message envoyé à l’ancienne.'],
    otherwise: `Si ce n’était pas vous, quelqu’un d’autre a peut-être pris votre compte\u00a0: prévenez tout de suite les responsables du service ${brand}.`,
    why: SAFETY,
  }),
  'authenticator-added': ({ brand }) => ({
    subject: `Nouveau moyen de connexion à ${brand}`,
    lead: ['Votre compte a un moyen de connexion de plus.'],
    action: 'Vérifier mon compte',
    otherwise: 'Si ce n’était pas vous, retirez-le tout de suite, puis changez de mot de passe.',
    why: SAFETY,
  }),
  'authenticator-removed': ({ brand }) => ({
    subject: `Un moyen de connexion à ${brand} a été retiré`,
    lead: ['Votre compte a un moyen de connexion de moins.'],
    action: 'Vérifier mon compte',
    otherwise: 'Si ce n’était pas vous, rétablissez-le tout de suite, puis changez de mot de passe.',
    why: SAFETY,
  }),
  'recovery-code-used': ({ brand }) => ({
    subject: `Un code de secours pour ${brand} a servi`,
    lead: ['Quelqu’un s’est connecté à votre compte avec un de vos codes de secours. Il ne servira plus.'],
    action: 'Vérifier mon compte',
    otherwise: 'Si ce n’était pas vous, changez tout de suite de mot de passe, puis créez de nouveaux codes.',
    why: SAFETY,
  }),
  'recovery-codes-made': ({ brand }) => ({
    subject: `Nouveaux codes de secours pour ${brand}`,
    lead: ['Votre compte a de nouveaux codes de secours. Les anciens ne servent plus.'],
    action: 'Vérifier mon compte',
    otherwise: 'Si ce n’était pas vous, changez tout de suite de mot de passe, puis créez de nouveaux codes.',
    why: SAFETY,
  }),
  'second-factor-locked': ({ brand }) => ({
    subject: `Trop de codes erronés pour ${brand}`,
    lead: [
      'Quelqu’un a réussi la première étape de votre connexion, puis a saisi trop de codes erronés. Pendant un moment, aucun code n’est accepté.',
    ],
    action: 'Vérifier mon compte',
    otherwise:
      'Si c’était vous, attendez, puis réessayez. Sinon, quelqu’un connaît votre mot de passe\u00a0: changez-le tout de suite.',
    why: SAFETY,
  }),
  'identity-linked': ({ brand }) => ({
    subject: `Une autre connexion est reliée à ${brand}`,
    lead: ['Votre compte peut désormais s’utiliser en se connectant ailleurs.'],
    action: 'Voir les comptes reliés',
    otherwise: 'Si ce n’était pas vous, déliez-la tout de suite, puis changez de mot de passe.',
    why: SAFETY,
  }),
  'identity-unlinked': ({ brand }) => ({
    subject: `Une connexion n’est plus reliée à ${brand}`,
    lead: ['Votre compte ne peut plus s’utiliser en se connectant là-bas.'],
    action: 'Voir les comptes reliés',
    otherwise: 'Si ce n’était pas vous, changez tout de suite de mot de passe et reliez-la à nouveau.',
    why: SAFETY,
  }),
  'account-deleted': ({ brand }) => ({
    subject: `Votre compte chez ${brand} a été supprimé`,
    lead: ['Votre compte n’existe plus, ni ce qui y était conservé. C’est le dernier message à son sujet.'],
    otherwise: `Si ce n’était pas vous, prévenez tout de suite les responsables du service ${brand}.`,
    why: SAFETY,
  }),
};

export const mail: typeof english = {
  mail: {
    hello: (name) => `Bonjour ${name},`,
    helloUnnamed: 'Bonjour,',
    worksOnce: (duration) => `Utilisable une seule fois, dans un délai de ${duration}.`,
    copy: 'Si le bouton ne fonctionne pas, copiez cette adresse dans votre navigateur\u00a0:',
    neverAsks: (brand) =>
      `${brand} ne demande jamais de mot de passe ni de code par e-mail ou par téléphone.`,
    fact: (label, value) => `${label}\u00a0: ${value}`,
    facts: {
      at: 'Date',
      client: 'Application',
      provider: 'Connexion avec',
      authenticator: 'Type',
      label: 'Nom',
      email: 'Nouvelle adresse',
      left: 'Codes restants',
      device: 'Appareil',
      address: 'Adresse IP',
    },
    authenticators: { passkey: 'Clé d’accès', totp: 'Application d’authentification' },
    letters,
  },
  outbox: {
    title: 'E-mails',
    lead: 'Aucun serveur de messagerie n’est configuré\u00a0: les e-mails restent ici pour être lus, pendant un jour.',
    empty: 'Aucun e-mail n’a encore été envoyé.',
    to: (recipient) => `à ${recipient}`,
    waiting: 'pas encore envoyé',
    failed: 'ne sera pas envoyé',
    gone: 'Cet e-mail n’est plus conservé.',
    back: 'Tous les e-mails',
    asHtml: 'En HTML',
    openLink: 'Ouvrir son lien',
    frontLink: 'E-mails de ce serveur',
    frontHint: 'conservés ici tant qu’aucun serveur de messagerie n’est configuré',
  },
};
