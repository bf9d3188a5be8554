import acts from './acts.ts';
import pages from './pages.ts';
import timeline from './timeline.ts';

export default { admin: { ...pages, ...acts, ...timeline } };
