/** The pages of /account. */
export const account = {
  account: {
    navigation: {
      label: 'Your account',
      menu: (page: string) => `Menu: ${page}`,
      signOut: 'Sign out',
      pages: {
        overview: 'Overview',
        profile: 'Profile',
        email: 'E-mail address',
        password: 'Password',
        security: 'Security',
        identities: 'Connected accounts',
        apps: 'Apps with access',
        sessions: 'Devices and sessions',
        activity: 'Recent activity',
        data: 'Your data',
      },
    },
    overview: {
      title: 'Your account',
      name: 'Name',
      email: 'E-mail address',
      username: 'Username',
      unverified: 'not confirmed yet',
    },
    stopped: {
      title: 'You did not sign in',
      explanation: 'Nothing was changed.',
      again: 'Try again',
      home: 'Go to the front page',
    },
  },
};
