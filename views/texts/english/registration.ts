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
        'This password is among the first that somebody would try. Choose one that is harder to guess.',
      'names-you':
        'This password is mostly your name, your address or the name of this service. Choose one that is harder to guess.',
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
