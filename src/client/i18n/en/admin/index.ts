import acts from './acts.ts';
import alerts from './alerts.ts';
import pages from './pages.ts';
import timeline from './timeline.ts';

/** Words of the operator's page; nobody else loads them. */
export default { admin: { ...pages, ...acts, ...alerts, ...timeline } };
