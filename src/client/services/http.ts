import type { SessionView } from '../../domain/api.ts';
import { ApiProblem, problemOf } from './api-problem.ts';

let accessToken: string | undefined;
let onSignedOut: () => void = () => undefined;
let onSession: (session: SessionView) => void = () => undefined;
let refreshing: Promise<SessionView> | undefined;

/** The access token lives in memory alone; the refresh token is a cookie that no script can read. */
export function setAccessToken(token: string | undefined): void {
  accessToken = token;
}

/** Who is told when a refresh names the session anew, or when there is none any more. */
export function onSessionEvents(events: {
  session: (session: SessionView) => void;
  signedOut: () => void;
}): void {
  onSession = events.session;
  onSignedOut = events.signedOut;
}

/**
 * A new access token from the cookie. Calls at the same time share one request, and tabs take
 * turns: the refresh token rotates, so two at once would look like a stolen one.
 */
export function refreshSession(): Promise<SessionView> {
  refreshing ??= inTurn(async () => {
    const response = await send('/api/auth/refresh', { method: 'POST' });
    const session = (await response.json()) as SessionView;
    accessToken = session.accessToken;
    onSession(session);
    return session;
  }).finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

function inTurn<T>(run: () => Promise<T>): Promise<T> {
  // Locks need a secure context; over plain http on another machine's name there are none.
  if (!('locks' in navigator) || !navigator.locks) return run();
  return navigator.locks.request('squaretable.refresh', run) as Promise<T>;
}

/** A call with the access token, renewed once when it has run out. Throws an `ApiProblem`. */
export async function authorizedFetch(path: string, init: RequestInit = {}): Promise<Response> {
  const sentWith = accessToken;
  try {
    return await send(path, withToken(init));
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 401) throw error;
    if (sentWith === accessToken) await refreshOrSignOut(error);
    return send(path, withToken(init));
  }
}

async function refreshOrSignOut(original: ApiProblem): Promise<void> {
  try {
    await refreshSession();
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 401) throw error;
    accessToken = undefined;
    onSignedOut();
    throw original;
  }
}

function withToken(init: RequestInit): RequestInit {
  const headers = new Headers(init.headers);
  if (accessToken !== undefined) headers.set('Authorization', `Bearer ${accessToken}`);
  return { ...init, headers };
}

/** Sends, and throws an `ApiProblem` for every answer but a good one. */
export async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...inReadersLanguage(init) });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiProblem(0, 'network');
  }
  if (response.ok) return response;
  throw problemOf(response.status, await response.json().catch(() => undefined));
}

/** Mails and Stripe's pages follow the language of ours, not the browser's. */
function inReadersLanguage(init: RequestInit): RequestInit {
  const headers = new Headers(init.headers);
  headers.set('Accept-Language', document.documentElement.lang);
  return { ...init, headers };
}

export function jsonBody(body: unknown): RequestInit {
  return { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await authorizedFetch(path, signal ? { signal } : {});
  return (await response.json()) as T;
}

export async function postJson<T>(path: string, body: unknown = {}): Promise<T> {
  const response = await authorizedFetch(path, { method: 'POST', ...jsonBody(body) });
  return (await response.json()) as T;
}
