import {
  createRouter,
  createWebHistory,
  type RouteLocation,
  type Router,
  type RouteRecordRaw,
} from 'vue-router';
import { loadWords, type WordGroup } from './i18n/index.ts';
import type { MessageKey } from './i18n/keys.ts';
import { safeNext } from './session/next-address.ts';

declare module 'vue-router' {
  interface RouteMeta {
    title: MessageKey;
    /** For people who are not signed in. */
    isPublic?: boolean;
    /** For everybody, signed in or not. */
    isOpen?: boolean;
    /** Uses the whole window and scrolls inside. */
    isFull?: boolean;
    /** Which words it needs; all, unless told. */
    words?: readonly WordGroup[];
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/', redirect: '/chat' },
  {
    path: '/login',
    name: 'login',
    component: () => import('./pages/Login.vue'),
    meta: { title: 'auth.login.submit', isPublic: true, words: [] },
  },
  {
    path: '/register',
    name: 'register',
    component: () => import('./pages/Register.vue'),
    meta: { title: 'auth.register.submit', isPublic: true, words: [] },
  },
  {
    path: '/forgot-password',
    name: 'forgot-password',
    component: () => import('./pages/ForgotPassword.vue'),
    meta: { title: 'auth.forgot.title', isOpen: true, words: [] },
  },
  {
    path: '/reset-password',
    name: 'reset-password',
    component: () => import('./pages/ResetPassword.vue'),
    meta: { title: 'auth.reset.title', isOpen: true, words: [] },
  },
  {
    path: '/take-back-email',
    name: 'take-back-email',
    component: () => import('./pages/TakeBackEmail.vue'),
    meta: { title: 'auth.takeBack.title', isOpen: true, words: [] },
  },
  {
    path: '/verify-email',
    name: 'verify-email',
    component: () => import('./pages/VerifyEmail.vue'),
    meta: { title: 'auth.verify.title', isOpen: true, words: [] },
  },
  {
    path: '/chat',
    name: 'chat',
    component: () => import('./pages/Chat.vue'),
    meta: { title: 'chat.title', isFull: true },
  },
  {
    path: '/conversations',
    name: 'conversations',
    component: () => import('./pages/Conversations.vue'),
    meta: { title: 'conversations.title' },
  },
  {
    path: '/community',
    name: 'community',
    component: () => import('./pages/Community.vue'),
    meta: { title: 'community.title' },
  },
  {
    path: '/subscription',
    name: 'subscription',
    component: () => import('./pages/Subscription.vue'),
    meta: { title: 'subscription.title', words: ['bills'] },
  },
  {
    path: '/settings',
    name: 'settings',
    component: () => import('./pages/Settings.vue'),
    meta: { title: 'settings.title' },
  },
  {
    path: '/team',
    name: 'team',
    component: () => import('./pages/Team.vue'),
    meta: { title: 'team.title' },
  },
  {
    path: '/invitation',
    name: 'invitation',
    component: () => import('./pages/Invitation.vue'),
    meta: { title: 'team.invitation.title', isOpen: true, words: ['rooms'] },
  },
  {
    path: '/account',
    name: 'account',
    component: () => import('./pages/Account.vue'),
    meta: { title: 'account.title' },
  },
  {
    path: '/admin',
    component: () => import('./pages/admin/Admin.vue'),
    meta: { title: 'admin.title', words: ['admin', 'rooms', 'bills', 'extras', 'statements'] },
    children: [
      { path: '', name: 'admin', redirect: { name: 'admin-tenants' } },
      {
        path: 'tenants',
        name: 'admin-tenants',
        component: () => import('./pages/admin/Tenants.vue'),
      },
      {
        path: 'tenants/:id',
        name: 'admin-tenant',
        component: () => import('./pages/admin/Tenant.vue'),
      },
      {
        path: 'business',
        name: 'admin-business',
        component: () => import('./pages/admin/Business.vue'),
      },
      { path: 'events', name: 'admin-events', component: () => import('./pages/admin/Events.vue') },
      { path: 'alerts', name: 'admin-alerts', component: () => import('./pages/admin/Alerts.vue') },
      { path: 'health', name: 'admin-health', component: () => import('./pages/admin/Health.vue') },
      { path: 'log', name: 'admin-log', component: () => import('./pages/admin/Log.vue') },
    ],
  },
  {
    path: '/checkout/return',
    name: 'checkout-return',
    component: () => import('./pages/CheckoutReturn.vue'),
    meta: { title: 'subscription.back.title' },
  },
  { path: '/checkout/cancelled', redirect: { name: 'checkout-return', query: { canceled: '1' } } },
  {
    path: '/:rest(.*)*',
    name: 'not-found',
    component: () => import('./pages/NotFound.vue'),
    meta: { title: 'shell.notFound.title' },
  },
];

/** Pages ask for a session first; the login leads back to the full address. */
export function createPages(session: { readonly isSignedIn: boolean }): Router {
  const router = createRouter({
    history: createWebHistory(),
    routes,
    scrollBehavior: (to, from, saved) => {
      if (saved) return saved;
      if (to.hash) return { el: to.hash };
      return to.path === from.path ? undefined : { top: 0 };
    },
  });
  // Words and page are asked for side by side.
  let words = Promise.resolve();
  router.beforeEach((to) => {
    const elsewhere = redirectOf(to, session.isSignedIn);
    if (elsewhere) return elsewhere;
    words = loadWords(to.meta.words ?? ['bills', 'rooms']);
    words.catch(() => undefined);
    return true;
  });
  router.beforeResolve(() => words);
  return router;
}

function redirectOf(to: RouteLocation, isSignedIn: boolean) {
  if (to.meta.isPublic) return isSignedIn ? safeNext(to.query['next']) : undefined;
  if (to.meta.isOpen || isSignedIn) return undefined;
  return { name: 'login', query: to.fullPath === '/chat' ? {} : { next: to.fullPath } };
}
