/** Joining, confirming an address, a forgotten password. */
export const registration = {
  signInLinks: {
    forgotten: 'Forgot your password?',
    register: 'Create an account',
  },
  newPassword: {
    label: 'New password',
    repeat: 'The same password again',
    hint: (length: number) =>
      `At least ${length} characters. A few unrelated words are easy to remember; digits and symbols are not needed.`,
    problems: {
      missing: 'Choose a password.',
      different: 'The two passwords are not the same. Type them again.',
      'too-short': (length: number) =>
        `This password is too short. Use at least ${length} characters; a few unrelated words are easy to remember.`,
      'too-long': 'This password is too long.',
      'unusable-characters': 'This password has characters that cannot be typed everywhere.',
      predictable:
        'This password repeats itself or follows the keyboard. Choose one that is harder to guess.',
      'names-you':
        'This password is mostly your name, your address or the name of this service. Choose one that is harder to guess.',
      common:
        'Many people use this password, or one that begins like it, so it is among the first to be tried. Choose another.',
    },
  },
  register: {
    title: 'Create an account',
    explanation: 'Tell us your e-mail address. We send you a link with which you go on.',
    email: 'E-mail address',
    domains: (list: string) => `Addresses of ${list} can be used here.`,
    submit: 'Send me the link',
    known: 'I have an account already',
    problems: {
      missing: 'Enter your e-mail address.',
      invalid: 'This is not an e-mail address. Check how it is written.',
      domain: (list: string) => `Only people with an address of ${list} can create an account here.`,
      stale: 'This form was open for too long, or your browser blocks cookies. Please try again.',
    },
  },
  reset: {
    title: 'Forgot your password?',
    explanation:
      'Tell us who you are. We send a link for a new password to the e-mail address of your account.',
    submit: 'Send me the link',
    back: 'Back to sign-in',
    problems: {
      missing: 'Enter your e-mail address or username.',
      invalid: 'This is not an e-mail address. Check how it is written.',
      stale: 'This form was open for too long, or your browser blocks cookies. Please try again.',
    },
  },
  checkMail: {
    title: 'Check your mail',
    registration: (duration: string) =>
      `We have sent a mail to the address you entered. Open the link in it within ${duration} to go on.`,
    reset: (duration: string) =>
      `If this is the name of an account, a mail is on its way to its address. Open the link in it within ${duration}.`,
    sameBrowser: 'Best open it in this browser: it leads back to where you are now.',
    nothing: 'Nothing there?',
    spam: 'Look into the folder for unwanted mail.',
    again:
      'Check the address and ask for another one. Only the last one works, and there are only a few in an hour.',
    askAgain: 'Ask for another mail',
  },
  registrationLink: {
    title: 'Create your account',
    lead: (email: string) => `for ${email}`,
    name: 'Your name',
    nameHint: 'Apps that you allow may see it. You can leave it empty.',
    submit: 'Create account',
    next: 'Next, you sign in with your address and this password.',
    problems: {
      name: 'This name has characters that cannot be used, or too many of them.',
      stale: 'This form was open for too long, or your browser blocks cookies. Please try again.',
    },
  },
  resetLink: {
    title: 'Choose a new password',
    lead: (email: string) => `for ${email}`,
    everywhere: 'You will be signed out everywhere, and apps that used your account have to ask you again.',
    submit: 'Set the password',
    stale: 'This form was open for too long, or your browser blocks cookies. Please try again.',
  },
  requiredPassword: {
    title: 'Choose a new password',
    lead: 'Whoever runs this service asks you to choose another password before you go on. You were signed out everywhere.',
    submit: 'Set the password and go on',
    same: 'This is the password you have now. Choose another.',
    stale: 'This form was open for too long, or your browser blocks cookies. Please try again.',
  },
  emailLink: {
    title: 'Confirm your e-mail address',
    asked: 'Somebody wants to use this address for their account:',
    onlyYou: 'Confirm only if it was you. Otherwise close this page: nothing has changed.',
    submit: 'Yes, this is my address',
    stale: 'This page was open for too long, or your browser blocks cookies. Please confirm again.',
    doneTitle: 'Your address is confirmed',
    done: 'From now on you sign in with it, and mails go there.',
    account: 'Go to your account',
  },
  accountEmail: {
    title: 'E-mail address',
    verified: 'confirmed',
    unverified: 'not confirmed yet',
    none: 'Your account has no e-mail address.',
    noMail: 'This service sends no mail, so an address cannot be confirmed here.',
    sent: 'A link is on its way to that address. Nothing changes until it is opened, which works for an hour.',
    verify: 'Send a link to confirm it',
    changeTitle: 'Use another address',
    explanation: 'We send a link to the new address. Until you open it, the old one stays.',
    email: 'New e-mail address',
    submit: 'Send the link',
    problems: {
      missing: 'Enter the new e-mail address.',
      invalid: 'This is not an e-mail address. Check how it is written.',
      same: 'This is the address that you have already.',
    },
  },
  accountPassword: {
    title: 'Password',
    current: 'Your password now',
    elsewhere: 'Sign out everywhere else',
    elsewhereHint:
      'Other browsers and devices have to sign in again, and their apps lose access. This browser stays signed in.',
    submit: 'Change password',
    changed: 'Your password is changed.',
    sent: 'A link is on its way to your e-mail address. It works for half an hour.',
    none: 'Your account has no password: you sign in another way.',
    byMail:
      'You can choose one with a link that we send to your e-mail address. You will then be signed out everywhere.',
    ask: 'Send me the link',
    problems: {
      currentMissing: 'Enter the password that you have now.',
      rejected: 'This is not the password that you have now.',
      tooMany: (wait: string) => `Too many attempts. Wait ${wait}, then try again.`,
    },
  },
  deadLink: {
    title: 'This link does nothing any more',
    explanation: 'It was used before, has expired, or a newer one was sent to you. Each link works once.',
    whatNow: {
      registration:
        'If you have chosen a password already, sign in. Otherwise ask for a new link where you create an account, or ask whoever invited you.',
      reset: 'Sign in with your new password if you have chosen one, or ask for another link there.',
      email: 'If your address still has to be confirmed, ask for another link in your account.',
    },
    signIn: 'Go to sign-in',
    account: 'Go to your account',
  },
};
