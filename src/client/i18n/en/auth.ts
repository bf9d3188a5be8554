export default {
  login: {
    title: 'Welcome back',
    lead: 'Take your seat again.',
    submit: 'Log in',
    other: 'New here?',
    otherLink: 'Create an account',
  },
  register: {
    title: 'Pull up a chair',
    lead: 'Free to begin with, no card needed.',
    submit: 'Create account',
    other: 'Have an account already?',
    otherLink: 'Log in',
  },
  fields: {
    email: 'E-mail',
    password: 'Password',
    passwordHint: 'At least {count} characters.',
    displayName: 'Your name (optional)',
    tenantName: 'Name of your table (optional)',
    tenantHint: 'What your team or circle is called.',
  },
  invalid: {
    email: "Enter an e-mail address, such as mei{'@'}example.com.",
    password: 'Use at least {count} characters.',
    required: 'This is needed.',
  },
  tagline: 'Stories are told at small tables.',
  points: {
    characters: 'Characters with a voice of their own',
    limits: 'Plain limits, counted honestly',
    leave: 'Leave whenever you like',
  },
  expired: 'You were signed out. Log in to go on where you were.',
};
