import type { Registry } from 'prom-client';
import { systemClock } from '../clock.ts';
import type { Foundation } from './foundation.ts';
import { ApiKeyService } from '../services/accounts/api-key.service.ts';
import { AuthService } from '../services/accounts/auth.service.ts';
import { AuditService } from '../services/accounts/team/audit.service.ts';
import { InvitationLimit } from '../services/accounts/team/invitation-limit.ts';
import { InvitationService } from '../services/accounts/team/invitation.service.ts';
import { MemberService } from '../services/accounts/team/member.service.ts';
import { CharacterService } from '../services/chat/character.service.ts';
import { ConversationService } from '../services/chat/conversation.service.ts';
import { ChatService } from '../services/chat/chat.service.ts';
import { chooseProvider } from '../services/chat/upstream/choose-provider.ts';
import { createDistrustCounter } from '../services/chat/metrics.ts';
import { FeatureService } from '../services/feature.service.ts';
import { HealthService } from '../services/operations/health.service.ts';
import type { PlanCatalogue } from '../services/plans/plan-catalogue.ts';
import { ImageService } from '../services/chat/image.service.ts';
import type { UsageService } from '../services/usage.service.ts';

/** What the gates guard and the meters count, and who may pass. */
export interface ProductServices {
  apiKeys: ApiKeyService;
  audit: AuditService;
  auth: AuthService;
  characters: CharacterService;
  chat: ChatService;
  features: FeatureService;
  health: HealthService;
  conversations: ConversationService;
  images: ImageService;
  invitations: InvitationService;
  members: MemberService;
}

export function createProductServices(
  { clock, config, database, jobs, log }: Foundation,
  usage: UsageService,
  plans: PlanCatalogue,
  registry: Registry,
): ProductServices {
  const { db, pool } = database;
  const distrusted = createDistrustCounter(registry);
  const { allowances } = usage;
  const people = { db, pool, clock, realTime: systemClock, log, config, allowances };
  const auth = new AuthService(people);
  const { mails, memberships } = auth;
  const team = { db, clock, mails, memberships };
  const features = new FeatureService({ usage, plans });
  const characters = new CharacterService({ db, clock, features });
  const images = new ImageService();
  const conversations = new ConversationService({ db, clock, characters, images });
  return {
    apiKeys: new ApiKeyService({ db, clock, features, usage, people: auth }),
    audit: new AuditService({ db, memberships }),
    auth,
    characters,
    chat: new ChatService({
      provider: chooseProvider(config.llm),
      clock,
      usage,
      features,
      characters,
      conversations,
      onDistrusted: (part) => distrusted.inc({ part }),
    }),
    features,
    health: new HealthService({ database, jobs, clock }),
    conversations,
    images,
    invitations: new InvitationService({
      ...team,
      limit: new InvitationLimit(pool),
      jwtSecret: config.jwtSecret,
    }),
    members: new MemberService({ ...team, usage }),
  };
}
