import credits from './credits.ts';

/** Words of what is bought beside a plan; whatever shows them asks for them. */
export default { credits };
