import type { MailTemplates } from './templates.ts';

/** The mails about a person's own account. */
export const accountMailsEn: Pick<
  MailTemplates,
  | 'reset_password'
  | 'password_changed'
  | 'change_email'
  | 'email_changed'
  | 'account_deleted'
  | 'billing_address'
> = {
  reset_password: ({ url }, { name }) => ({
    subject: 'Choose a new password',
    text: [
      `Hello ${name},`,
      `Choose a new password for Small Squaretable here: ${url}`,
      'The link works once, within 30 minutes. It signs you out everywhere.',
      'If you did not ask for it, ignore this mail: your password stays as it is.',
    ].join('\n\n'),
  }),
  password_changed: ({ at }, { name, appUrl, day }) => ({
    subject: 'Your password was changed',
    text: [
      `Hello ${name},`,
      `The password of your account at Small Squaretable was changed on ${day(at)}, and other devices were signed out.`,
      `If it was not you, choose a new one at once: ${appUrl}/forgot-password`,
    ].join('\n\n'),
  }),
  change_email: ({ url }, { name }) => ({
    subject: 'Confirm your new e-mail address',
    text: [
      `Hello ${name},`,
      `Follow this link to use this address for your account at Small Squaretable: ${url}`,
      'It works once, within 24 hours. Until then your account keeps the address that it has. If you did not ask for it, ignore this mail.',
    ].join('\n\n'),
  }),
  email_changed: ({ url, newEmail }, { name }) => ({
    subject: 'The e-mail address of your account was changed',
    text: [
      `Hello ${name},`,
      `Your account at Small Squaretable now uses the address ${newEmail}. Mails go there, and it is what you sign in with.`,
      `If it was not you, take it back here: ${url}`,
      'The link works once, within seven days. It brings this address back, signs everybody out and lets you choose a new password.',
    ].join('\n\n'),
  }),
  account_deleted: ({ at }, { name, appUrl, day }) => ({
    subject: 'Your account was deleted',
    text: [
      `Hello ${name},`,
      `Your account at Small Squaretable was deleted on ${day(at)}, with your conversations and sessions. Nothing more is charged for it.`,
      `You are welcome to come back: ${appUrl}/register`,
    ].join('\n\n'),
  }),
  billing_address: ({ team }, { name, appUrl }) => ({
    subject: `You get the billing mails of ${team} from now on`,
    text: [
      'Hello,',
      `${name} named this address for the mails about payments of “${team}” at Small Squaretable: failed payments, cancellations, refunds. You need no account for it.`,
      `If you do not want them, tell ${name}, who can take the address out again: ${appUrl}/account`,
    ].join('\n\n'),
  }),
};
