import type {
  AccountDeletionView,
  NotificationsView,
  OwnSessionView,
  SecondFactorBegun,
  SecondFactorView,
} from '../../domain/api.ts';
import { authorizedFetch, getJson, jsonBody, postJson, send } from './http.ts';

const post = (body: object): RequestInit => ({ method: 'POST', ...jsonBody(body) });

/** The answer is the same whether anybody has the address or not. */
export async function forgetPassword(email: string): Promise<void> {
  await send('/api/auth/password/forgot', post({ email }));
}

/** By the token of the mailed link; every session ends. */
export async function resetPassword(token: string, password: string): Promise<void> {
  await send('/api/auth/password/reset', post({ token, password }));
}

export async function changePassword(wish: {
  currentPassword: string;
  newPassword: string;
}): Promise<void> {
  await authorizedFetch('/api/auth/password/change', post(wish));
}

/** Has a link mailed to the new address; nothing changes before it is followed. */
export async function changeEmail(wish: { email: string; password: string }): Promise<void> {
  await authorizedFetch('/api/auth/email/change', post(wish));
}

/** By the token that was mailed to the old address. */
export async function takeEmailBack(token: string): Promise<void> {
  await send('/api/auth/email/revert', post({ token }));
}

export async function listSessions(): Promise<OwnSessionView[]> {
  const { sessions } = await getJson<{ sessions: OwnSessionView[] }>('/api/auth/sessions');
  return sessions;
}

export async function endSession(id: string): Promise<void> {
  await authorizedFetch(`/api/auth/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

export async function endOtherSessions(): Promise<void> {
  await authorizedFetch('/api/auth/sessions', { method: 'DELETE' });
}

/** All that is kept of the reader, as a JSON file. */
export async function exportMyData(): Promise<Blob> {
  return (await authorizedFetch('/api/auth/me/export.json')).blob();
}

/** What would go with the reader's account. */
export function previewDeletion(): Promise<AccountDeletionView> {
  return getJson('/api/auth/me/deletion');
}

/** `confirm` is the team's name, where the team goes too. */
export async function deleteAccount(wish: { password: string; confirm?: string }): Promise<void> {
  await authorizedFetch('/api/auth/me', { method: 'DELETE', ...jsonBody(wish) });
}

export function readNotifications(): Promise<NotificationsView> {
  return getJson('/api/auth/me/notifications');
}

async function put(path: string, body: object): Promise<NotificationsView> {
  const response = await authorizedFetch(path, { method: 'PUT', ...jsonBody(body) });
  return (await response.json()) as NotificationsView;
}

/** From now on the reader gets none of these mails. */
export function muteMails(muted: readonly string[]): Promise<NotificationsView> {
  return put('/api/auth/me/notifications', { muted });
}

/** The team's second address for mails about money; null for none. */
export function setBillingEmail(email: string | null): Promise<NotificationsView> {
  return put('/api/tenant/billing-email', { email });
}

const FACTOR = '/api/auth/second-factor';

export function readSecondFactor(): Promise<SecondFactorView> {
  return getJson(FACTOR);
}

/** A secret for an app; it is asked for when a first code was shown. */
export function beginSecondFactor(password: string): Promise<SecondFactorBegun> {
  return postJson(FACTOR, { password });
}

/** Answers the recovery codes: once. */
export async function confirmSecondFactor(code: string): Promise<string[]> {
  const path = `${FACTOR}/confirm`;
  return (await postJson<{ recoveryCodes: string[] }>(path, { code })).recoveryCodes;
}

export async function removeSecondFactor(wish: { password: string; code: string }): Promise<void> {
  await authorizedFetch(FACTOR, { method: 'DELETE', ...jsonBody(wish) });
}
