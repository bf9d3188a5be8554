import type { Role } from '../../../domain/ids.ts';
import { PRODUCT_NAME } from '../../../domain/product.ts';
import type { MailTemplates } from './templates.ts';

const AS: Record<Role, string> = { owner: 'an owner', admin: 'an admin', member: 'a member' };

/** The mails about who is in a team. */
export const teamMailsEn: Pick<
  MailTemplates,
  'team_invitation' | 'team_owner' | 'team_left' | 'team_deleted' | 'seats_taken'
> = {
  team_invitation: ({ url, team, role, endsAt }, { name, day }) => ({
    subject: `${name} invites you to ${team}`,
    text: [
      'Hello,',
      `${name} invites you to join the team “${team}” at ${PRODUCT_NAME.en} as ${AS[role]}. Join here: ${url}`,
      `The link works once, until ${day(endsAt)}, with an account that has this address. If you have none yet, you can make one there.`,
      'If you do not know who asks, ignore this mail: nothing happens.',
    ].join('\n\n'),
  }),
  team_owner: ({ team, by }, { name, appUrl }) => ({
    subject: `You are now the owner of ${team}`,
    text: [
      `Hello ${name},`,
      `${by} has made you the owner of the team “${team}” at ${PRODUCT_NAME.en}. The mails about its payments come to you from now on, and you decide who is in it and what is paid.`,
      `The team: ${appUrl}/team`,
    ].join('\n\n'),
  }),
  team_left: ({ team, by }, { name, appUrl }) => ({
    subject: `You are no longer in ${team}`,
    text: [
      `Hello ${name},`,
      `${by} has taken you out of the team “${team}” at ${PRODUCT_NAME.en}. Your API keys there no longer work. Your account stays, with your other teams or a room of your own.`,
      `Go on here: ${appUrl}`,
    ].join('\n\n'),
  }),
  team_deleted: ({ team, isErased }, { name, appUrl }) => ({
    subject: `${team} was deleted`,
    text: [
      `Hello ${name},`,
      `An owner of the team “${team}” at ${PRODUCT_NAME.en} has deleted it, with its characters, conversations and API keys.`,
      isErased
        ? `You belonged to no other team, so your account was deleted too. You are welcome to come back: ${appUrl}/register`
        : `Your account stays, with your other teams: ${appUrl}`,
    ].join('\n\n'),
  }),
  seats_taken: ({ team, seats, names }, { name, appUrl, number, list }) => ({
    subject: `${team} has more people than seats`,
    text: [
      `Hello ${name},`,
      `The plan of the team “${team}” at ${PRODUCT_NAME.en} has seats for ${number(seats)} now. Without a seat are: ${list(names)}. They can read everything, and not chat or make anything.`,
      `Choose who has a seat, or a larger plan: ${appUrl}/team`,
    ].join('\n\n'),
  }),
};
