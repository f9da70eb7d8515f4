import type { authenticators as english } from '../english/authenticators.ts';

export const authenticators: typeof english = {
  passkey: {
    use: 'Utiliser une clé d’accès',
    or: 'ou',
    needsScript: 'Pour utiliser une clé d’accès, autorisez JavaScript sur cette page.',
    unsupported: 'Ce navigateur ne peut pas utiliser de clés d’accès.',
    cancelled:
      'Aucune clé d’accès n’a été utilisée\u00a0: vous avez annulé, ou cet appareil n’en a pas pour ce service.',
    notMade: 'Aucune clé d’accès n’a été créée\u00a0: vous avez annulé, ou cela a pris trop de temps.',
    present: 'Cet appareil a déjà une clé d’accès pour votre compte.',
    failed: 'Cela n’a pas fonctionné. Réessayez ou choisissez un autre moyen.',
  },
  secondFactor: {
    title: 'Encore une étape',
    lead: 'Montrez que c’est bien vous.',
    code: 'Code à usage unique',
    codeHint: 'Les 6 chiffres que votre application d’authentification affiche en ce moment.',
    recoveryTitle: 'Utiliser un code de secours',
    recovery: 'Code de secours',
    recoveryHint: 'L’un des dix que vous avez reçus. Chacun sert une seule fois.',
    submit: 'Continuer',
    remember: (duration) => `Ne plus demander sur cet appareil pendant ${duration}`,
    useRecovery: 'Utiliser plutôt un code de secours',
    useOther: 'Utiliser plutôt un autre moyen',
    otherAccount: 'Utiliser un autre compte',
    newPasskey: 'Créer une autre clé d’accès',
    onlyPasskey: 'Seule une clé d’accès convient ici.',
    problems: {
      stale:
        'Ce formulaire est resté ouvert trop longtemps, ou votre navigateur bloque les cookies. Réessayez.',
      codeMissing: 'Saisissez le code que votre application d’authentification affiche.',
      recoveryMissing: 'Saisissez l’un de vos codes de secours.',
      codeRejected: 'Ce code n’est pas le bon, ou il a déjà servi. Attendez le suivant et réessayez.',
      recoveryRejected: 'Ce code de secours n’est pas le bon, ou il a déjà servi.',
      passkeyRejected: 'Cette clé d’accès n’a pas pu être acceptée. Réessayez ou choisissez un autre moyen.',
      locked: (wait) =>
        `Il y a eu trop de codes erronés. Par sécurité, les codes sont refusés pendant ${wait}.`,
    },
  },
  security: {
    title: 'Sécurité',
    lead: 'Voici ce qui prouve que c’est bien vous, en plus de votre mot de passe.',
    passkeys: 'Clés d’accès',
    noPasskeys:
      'Aucune pour l’instant. Une clé d’accès vous connecte par votre empreinte, votre visage ou le verrouillage de l’écran, sans mot de passe.',
    addPasskey: 'Ajouter une clé d’accès',
    added: 'Ajoutée',
    lastUsed: 'Dernière utilisation',
    never: 'pas encore',
    synced: 'sur plusieurs appareils',
    rename: 'Renommer',
    renameWhich: (name) => `la clé d’accès ${name}`,
    save: 'Enregistrer',
    remove: 'Supprimer',
    removeWhich: (name) => `la clé d’accès ${name}`,
    totp: 'Codes à usage unique',
    noTotp:
      'Pas en place. Une application d’authentification sur votre téléphone affiche un nouveau code toutes les 30 secondes.',
    setUpTotp: 'Relier une application',
    replaceTotp: 'Utiliser une autre application',
    removeTotp: 'l’application d’authentification',
    codes: 'Codes de secours',
    codesLeft: (count) =>
      count === 0
        ? 'Vous n’en avez aucun. Si vous perdez ce qui précède, seule une personne qui gère ce service peut vous laisser entrer.'
        : count === 1
          ? 'Il en reste un. Chacun sert une seule fois.'
          : `Il en reste ${count}. Chacun sert une seule fois.`,
    newCodes: 'Créer de nouveaux codes',
    newCodesHint: 'Les codes actuels cesseront de fonctionner.',
    devices: 'Appareils dispensés',
    devicesHint: 'Sur ceux-ci, seul le mot de passe est demandé, sauf si une application en veut plus.',
    unknownDevice: 'Navigateur inconnu',
    here: 'ce navigateur',
    until: 'Jusqu’au',
    ask: 'Demander à nouveau',
    askWhich: (device) => `sur ${device}`,
    required: 'Ici, tout le monde a besoin d’un second facteur.',
    removeTitle: (name) => `Supprimer ${name}\u202f?`,
    removeTotpTitle: 'Supprimer votre application d’authentification\u202f?',
    removeIt: 'Supprimer',
    keepIt: 'Garder',
    removeConsequence: 'Ce moyen ne vous connectera plus. Vous pourrez l’ajouter à nouveau plus tard.',
    removeLast:
      'C’est le dernier\u00a0: votre mot de passe suffira alors pour vous connecter, et vos codes de secours cesseront de fonctionner.',
    removeRequired: 'Ici, tout le monde a besoin d’un second facteur. Ajoutez-en d’abord un autre.',
  },
  enrol: {
    title: 'Protégez votre compte',
    lead: (client) => `${client} demande une seconde preuve que c’est bien vous. Mettez-en une en place.`,
    leadPasskey: (client) => `${client} demande une preuve à l’abri de l’hameçonnage. Créez une clé d’accès.`,
    passkey: 'Clé d’accès',
    passkeyExplanation:
      'Votre empreinte, votre visage, le verrouillage de l’écran ou une clé de sécurité. Le moyen le plus sûr et le plus rapide.',
    choosePasskey: 'Créer une clé d’accès',
    totp: 'Codes à usage unique',
    totpExplanation:
      'Une application d’authentification sur votre téléphone affiche un nouveau code toutes les 30 secondes.',
    chooseTotp: 'Relier une application',
    otherWay: 'Choisir un autre moyen',
    passkeyTitle: 'Créer une clé d’accès',
    passkeyLead: 'Votre appareil ou votre clé de sécurité vous demandera de confirmer.',
    name: 'Nom de cette clé d’accès',
    nameHint:
      'Pour la reconnaître plus tard, par exemple «\u00a0Téléphone\u00a0» ou «\u00a0Clé bleue\u00a0».',
    nameProposal: 'Ma clé d’accès',
    makePasskey: 'Créer la clé d’accès',
    totpTitle: 'Relier une application',
    totpScan: 'Scannez ceci avec votre application d’authentification.',
    qrLabel: 'Code QR pour votre application d’authentification',
    totpType: 'Ou saisissez cette clé dans l’application\u00a0:',
    totpConfirm: 'Saisissez ensuite les 6 chiffres que l’application affiche.',
    confirm: 'Confirmer',
    codesTitle: 'Vos codes de secours',
    codesLead:
      'Si vous perdez votre clé d’accès ou votre téléphone, l’un de ces codes vous laisse entrer. Chacun sert une seule fois. Imprimez-les ou gardez-les dans un gestionnaire de mots de passe.',
    codesOnce: 'Ils ne sont montrés que cette fois.',
    kept: 'J’ai gardé ces codes en lieu sûr',
    finish: 'Continuer',
    problems: {
      stale:
        'Ce formulaire est resté ouvert trop longtemps, ou votre navigateur bloque les cookies. Réessayez.',
      codeMissing: 'Saisissez le code que l’application affiche.',
      codeRejected: 'Ce code n’est pas le bon. Vérifiez l’heure de votre téléphone et saisissez le suivant.',
      nameInvalid: 'Donnez à la clé d’accès un nom de 60 caractères au plus.',
      passkeyRejected: 'Cette clé d’accès n’a pas pu être acceptée. Réessayez ou choisissez un autre moyen.',
      passkeyTaken: 'Cette clé d’accès est déjà utilisée.',
      notKept: 'Gardez d’abord les codes, puis dites-le.',
    },
  },
};
