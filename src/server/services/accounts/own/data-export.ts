import type { Db } from '../../../../db/client.ts';
import { listPayments } from '../../../../db/repositories/billing/payments/payment.repository.ts';
import {
  listAllConversations,
  listTurns,
} from '../../../../db/repositories/conversation.repository.ts';
import {
  listCharactersMade,
  listKeysMade,
} from '../../../../db/repositories/accounts/own-account.repository.ts';
import { listTenantsOf } from '../../../../db/repositories/accounts/membership.repository.ts';
import { listSessions } from '../../../../db/repositories/accounts/refresh-token.repository.ts';
import type { Account } from '../../../../db/repositories/accounts/user.repository.ts';
import type { AllowanceService } from '../../usage/quota/allowance.service.ts';
import { canManageBilling } from '../../../../domain/ids.ts';

/** Things said, and invoices, that are read at a time. */
const PAGE = 500;

/**
 * What is kept of a person, as JSON, written as it is read: conversations can be long. Secrets are
 * left out (there are only hashes of them); invoices, and what changed the team's quotas, are there for who
 * manages billing.
 */
export async function* exportData(
  { db, allowances }: { db: Db; allowances: Pick<AllowanceService, 'list'> },
  account: Account,
  now: Date,
): AsyncGenerator<string, void, undefined> {
  const { user, tenant } = account;
  const { passwordHash: _secret, ...person } = user;
  const team = { id: tenant.id, name: tenant.name, plan: tenant.plan, role: user.role };
  const teams = (await listTenantsOf(db, user.id)).map(({ membership, tenant: { id, name } }) => {
    return { id, name, role: membership.role, joinedAt: membership.joinedAt };
  });
  const sessions = await listSessions(db, { userId: user.id, now });
  const keys = await listKeysMade(db, user.id);
  const apiKeys = keys.map(({ keyHash: _hash, ...key }) => key);
  const characters = await listCharactersMade(db, user.id);
  // Before the first word: metering may lie on a server that is away, and a refusal is better than half a file.
  const changes = canManageBilling(user.role) ? await allowances.list(tenant.id) : [];
  const head = { exportedAt: now, person, team, teams, sessions, apiKeys, characters };
  // The object stays open for what is written page by page.
  yield JSON.stringify(head, undefined, 1).replace(/\n\}$/, '');
  yield ',\n "invoices": ';
  yield* array(canManageBilling(user.role) ? invoices(db, tenant.id) : nothing());
  yield `,\n "allowances": ${JSON.stringify(changes)}`;
  yield ',\n "conversations": ';
  yield* conversations(db, user.id);
  yield '\n}\n';
}

async function* conversations(db: Db, userId: string): AsyncGenerator<string> {
  yield '[';
  let separator = '\n';
  for (const conversation of await listAllConversations(db, userId)) {
    yield `${separator}${JSON.stringify(conversation).slice(0, -1)}, "turns": `;
    yield* array(turns(db, conversation.id));
    yield '}';
    separator = ',\n';
  }
  yield '\n]';
}

async function* turns(db: Db, conversationId: string): AsyncGenerator<object> {
  // Pages are read from the newest back, and handed out in the order of what was said.
  const ends: (number | undefined)[] = [undefined];
  for (;;) {
    const page = await listTurns(db, { conversationId, before: ends.at(-1), limit: PAGE });
    if (page.length < PAGE) break;
    ends.push(page[0]!.position);
  }
  for (const before of ends.reverse()) {
    const page = await listTurns(db, { conversationId, before, limit: PAGE });
    for (const { who, kind, text, state, createdAt } of page) {
      yield { who, kind, text, state, at: createdAt };
    }
  }
}

async function* invoices(db: Db, tenantId: string): AsyncGenerator<object> {
  for (let before: string | undefined; ;) {
    const page = await listPayments(db, tenantId, { limit: PAGE, before });
    for (const row of page) {
      const { number, status, amountDueMinor, amountPaidMinor, currency, createdAt } = row;
      yield { number, status, amountDueMinor, amountPaidMinor, currency, createdAt };
    }
    if (page.length < PAGE) return;
    before = page.at(-1)!.id;
  }
}

async function* nothing(): AsyncGenerator<object> {}

async function* array(items: AsyncIterable<object>): AsyncGenerator<string> {
  yield '[';
  let separator = '\n';
  for await (const item of items) {
    yield separator + JSON.stringify(item);
    separator = ',\n';
  }
  yield '\n]';
}
