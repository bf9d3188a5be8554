import breakdown from './breakdown.ts';
import credits from './credits.ts';

/** Words of what is beside a plan; whatever shows them asks for them. */
export default { breakdown, credits };
