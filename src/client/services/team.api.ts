import type {
  AuditPage,
  InvitationOffer,
  InvitationView,
  MembersView,
  TeamView,
} from '../../domain/api.ts';
import type { FileLanguage } from '../../domain/accounts/files/file-words.ts';
import type { Role } from '../../domain/ids.ts';
import type { ResourceType } from '../../domain/quota.ts';
import { authorizedFetch, getJson, jsonBody, postJson, send } from './http.ts';

/** The teams that the reader belongs to. */
export async function listTeams(): Promise<TeamView[]> {
  return (await getJson<{ teams: TeamView[] }>('/api/auth/teams')).teams;
}

export function readMembers(): Promise<MembersView> {
  return getJson('/api/members');
}

/** Ends its subscription first; `confirm` is its exact name. */
export async function deleteTeam(confirm: string): Promise<void> {
  await authorizedFetch('/api/tenant', { method: 'DELETE', ...jsonBody({ confirm }) });
}

const memberPath = (userId: string) => `/api/members/${encodeURIComponent(userId)}`;

export async function changeRole(userId: string, role: Role): Promise<void> {
  await authorizedFetch(memberPath(userId), { method: 'PATCH', ...jsonBody({ role }) });
}

/** Takes somebody out of the team; the reader themselves leave. */
export async function removeMember(userId: string): Promise<void> {
  await authorizedFetch(memberPath(userId), { method: 'DELETE' });
}

/** Makes somebody the owner in the reader's place. */
export async function handOver(userId: string): Promise<void> {
  await authorizedFetch(`${memberPath(userId)}/ownership`, { method: 'POST' });
}

export async function setSeat(userId: string, hasSeat: boolean): Promise<void> {
  await authorizedFetch(`${memberPath(userId)}/seat`, { method: 'PUT', ...jsonBody({ hasSeat }) });
}

/** How much a member may use in a month; null for no limit of their own. */
export async function setLimits(
  userId: string,
  limits: Partial<Record<ResourceType, number | null | undefined>>,
): Promise<void> {
  await authorizedFetch(`${memberPath(userId)}/limits`, { method: 'PUT', ...jsonBody(limits) });
}

export async function listInvitations(): Promise<InvitationView[]> {
  return (await getJson<{ invitations: InvitationView[] }>('/api/invitations')).invitations;
}

export function invite(wish: { email: string; role: Role }): Promise<InvitationView> {
  return postJson('/api/invitations', wish);
}

export async function sendAgain(id: string): Promise<InvitationView> {
  const path = `/api/invitations/${encodeURIComponent(id)}/link`;
  return (await (await authorizedFetch(path, { method: 'PUT' })).json()) as InvitationView;
}

export async function revokeInvitation(id: string): Promise<void> {
  await authorizedFetch(`/api/invitations/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

/** What the link of a mail offers; for everybody who has it. */
export async function lookAtInvitation(token: string): Promise<InvitationOffer> {
  const response = await send('/api/invitations/look', { method: 'POST', ...jsonBody({ token }) });
  return (await response.json()) as InvitationOffer;
}

/** Joins the team of the invitation. */
export function acceptInvitation(token: string): Promise<TeamView> {
  return postJson('/api/invitations/accept', { token });
}

export function readAudit(cursor: string | null): Promise<AuditPage> {
  return getJson(`/api/tenant/audit?limit=20${cursor === null ? '' : `&cursor=${cursor}`}`);
}

/** All of the log as a file, in the words of `lang`. */
export async function downloadAudit(lang: FileLanguage): Promise<Blob> {
  return (await authorizedFetch(`/api/tenant/audit.csv?lang=${lang}`)).blob();
}
