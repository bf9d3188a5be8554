import { useQueryCache } from '@pinia/colada';
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { MeView, SessionView } from '../../domain/api.ts';
import { canManageBilling } from '../../domain/ids.ts';
import * as authApi from '../services/auth.api.ts';
import { keepLeft } from '../session/left-team.ts';
import { onSessionEvents, refreshSession, setAccessToken } from '../services/http.ts';

type Message = { kind: 'signed_out' } | { kind: 'signed_in'; userId: string; tenantId: string };

export type SessionEndReason =
  'expired' | 'elsewhere' | 'logout' | 'account_deleted' | 'team_deleted';

/**
 * Who is signed in. Whatever belongs to a tenant is kept under the user's id and dropped with the
 * session, so that the next account never sees the last one's data.
 */
export const useSessionStore = defineStore('session', () => {
  const me = shallowRef<MeView | null>(null);
  const isRestored = ref(false);
  const queryCache = useQueryCache();
  const tabs =
    'BroadcastChannel' in globalThis ? new BroadcastChannel('squaretable.session') : null;
  let onLost: (why: SessionEndReason) => void = () => undefined;

  const user = computed(() => me.value?.user ?? null);
  const tenant = computed(() => me.value?.tenant ?? null);
  const isSignedIn = computed(() => me.value !== null);
  const mayManageBilling = computed(() => (user.value ? canManageBilling(user.value.role) : false));

  function accept(session: SessionView, announce: boolean): void {
    if (me.value && isElsewhere(session.user.id, session.tenant.id)) forget();
    setAccessToken(session.accessToken);
    me.value = { user: session.user, tenant: session.tenant };
    if (announce)
      broadcast({ kind: 'signed_in', userId: session.user.id, tenantId: session.tenant.id });
  }

  /** Whether these are another account or another team than the page is of. */
  function isElsewhere(userId: string, tenantId: string): boolean {
    return me.value?.user.id !== userId || me.value.tenant.id !== tenantId;
  }

  /** Drops the session and everything that was fetched or said in it. */
  function forget(): void {
    setAccessToken(undefined);
    me.value = null;
    queryCache.cancelQueries();
    for (const entry of queryCache.getEntries()) queryCache.remove(entry);
  }

  function lose(why: SessionEndReason): void {
    forget();
    onLost(why);
  }

  function broadcast(message: Message): void {
    tabs?.postMessage(message);
  }

  tabs?.addEventListener('message', ({ data }: MessageEvent<Message>) => {
    if (data.kind === 'signed_out' && me.value) lose('elsewhere');
    // The cookie is another account's, or in another team: nothing of this tab may go on under it.
    if (data.kind === 'signed_in' && me.value && isElsewhere(data.userId, data.tenantId)) {
      forget();
      location.reload();
    }
  });

  onSessionEvents({
    session: (session) => {
      // Who was taken out of a team finds themselves in another one: its pages begin anew.
      const before = me.value;
      const moved = before !== null && isElsewhere(session.user.id, session.tenant.id);
      if (moved && before.user.id === session.user.id) keepLeft(before.user.id, before.tenant.name);
      accept(session, false);
      if (moved) location.assign('/');
    },
    signedOut: () => me.value && lose('expired'),
  });

  return {
    user,
    tenant,
    isSignedIn,
    isRestored,
    mayManageBilling,

    /** Takes up the session of the cookie, if there is one. Never throws. */
    async restore(): Promise<void> {
      if (!isRestored.value) await refreshSession().catch(() => undefined);
      isRestored.value = true;
    },

    /** Reads the account anew, after something of it has changed elsewhere. Never throws. */
    async reload(): Promise<void> {
      if (me.value) await refreshSession().catch(() => undefined);
    },

    async login(credentials: authApi.Credentials): Promise<void> {
      accept(await authApi.login(credentials), true);
    },

    async register(registration: authApi.Registration): Promise<void> {
      accept(await authApi.register(registration), true);
    },

    /** Goes to another team of the reader's: its pages begin anew, at `address` here, and in other tabs. */
    async switchTo(tenantId: string, address = '/'): Promise<void> {
      accept(await authApi.switchTeam(tenantId), true);
      location.assign(address);
    },

    /** `why` where more ended than the session. */
    async logout(why: SessionEndReason = 'logout'): Promise<void> {
      await authApi.logout().catch(() => undefined);
      broadcast({ kind: 'signed_out' });
      lose(why);
    },

    /** What to do when the session is gone: the shell shows the login. */
    whenLost(handler: typeof onLost): void {
      onLost = handler;
    },
  };
});
