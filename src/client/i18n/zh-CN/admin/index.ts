import acts from './acts.ts';
import alerts from './alerts.ts';
import pages from './pages.ts';
import timeline from './timeline.ts';

export default { admin: { ...pages, ...acts, ...alerts, ...timeline } };
