import acts from './acts.ts';
import pages from './pages.ts';

export default { admin: { ...pages, ...acts } };
