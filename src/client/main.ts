import { PiniaColada } from '@pinia/colada';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import 'element-plus/theme-chalk/base.css';
import 'element-plus/theme-chalk/dark/css-vars.css';
import './styles/tokens.css';
import './styles/element.css';
import './styles/base.css';
import App from './App.vue';
import { i18n, initialLanguage, setLanguage } from './i18n/index.ts';
import { createPages } from './router.ts';
import { useSessionStore } from './stores/session.ts';

const app = createApp(App);
const pinia = createPinia();
app.use(pinia);
app.use(PiniaColada);
app.use(i18n);

// Words and session are asked for side by side; the first page is drawn when both are there.
const words = setLanguage(initialLanguage(), false);
const session = useSessionStore(pinia);
await Promise.all([words, session.restore()]);

app.use(createPages(session));
app.mount('#app');
