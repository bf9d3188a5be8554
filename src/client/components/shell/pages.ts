import { ChatDotRound, CreditCard, Setting, User } from '@element-plus/icons-vue';
import type { Component } from 'vue';
import type { MessageKey } from '../../i18n/keys.ts';

/** The pages of the main navigation, in its order; the bar above and the one below share them. */
export const PAGES: { to: string; label: MessageKey; icon: Component }[] = [
  { to: '/chat', label: 'shell.nav.chat', icon: ChatDotRound },
  { to: '/community', label: 'shell.nav.community', icon: User },
  { to: '/subscription', label: 'shell.nav.subscription', icon: CreditCard },
  { to: '/settings', label: 'shell.nav.settings', icon: Setting },
];
