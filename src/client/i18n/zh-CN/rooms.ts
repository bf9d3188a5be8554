import account from './account.ts';
import chat from './chat.ts';
import community from './community.ts';
import conversations from './conversations.ts';
import settings from './settings.ts';
import team from './team.ts';

/** Words of the pages beside the subscription. */
export default { account, chat, community, conversations, settings, team };
