import type { SessionView } from '../../domain/api.ts';
import type { Language } from '../i18n/languages.ts';
import { authorizedFetch, jsonBody, postJson, send } from './http.ts';

export interface Credentials {
  email: string;
  password: string;
  /** Of the second factor, where there is one. */
  code?: string;
}

export interface Registration extends Credentials {
  displayName?: string;
  tenantName?: string;
}

async function open(path: string, body: Credentials): Promise<SessionView> {
  const response = await send(path, { method: 'POST', ...jsonBody(body) });
  return (await response.json()) as SessionView;
}

export function login(credentials: Credentials): Promise<SessionView> {
  return open('/api/auth/login', credentials);
}

export function register(registration: Registration): Promise<SessionView> {
  return open('/api/auth/register', registration);
}

/** Shows that the address is the reader's, by the token of the mailed link. */
export async function verifyEmail(token: string): Promise<void> {
  await send('/api/auth/email/verify', { method: 'POST', ...jsonBody({ token }) });
}

export async function resendVerification(): Promise<void> {
  await authorizedFetch('/api/auth/email/resend', { method: 'POST' });
}

/** Lets this address sign in to an account that strangers guess at, by the token of a mailed link. */
export async function openAccount(token: string): Promise<void> {
  await send('/api/auth/open', { method: 'POST', ...jsonBody({ token }) });
}

/** The language of mails and of Stripe's pages, and the zone of dates in mails. */
export async function saveLanguage(reading: { locale: Language; timeZone: string }): Promise<void> {
  await authorizedFetch('/api/auth/me', { method: 'PATCH', ...jsonBody(reading) });
}

/** Tokens for another team of the reader's. */
export function switchTeam(tenantId: string): Promise<SessionView> {
  return postJson('/api/auth/switch', { tenantId });
}

/** Ends the session of the cookie. */
export async function logout(): Promise<void> {
  await send('/api/auth/logout', { method: 'POST' });
}
