import auth from './auth.ts';
import errors from './errors.ts';
import shell from './shell.ts';

/** Words that every page needs, those before signing in too. */
export default { auth, errors, shell };
