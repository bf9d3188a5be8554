import { refusalIn, type ActFact } from '../../domain/accounts/operator-act.ts';
import type { TimelineEntry } from '../../domain/accounts/operator-tenant.ts';
import { auditActionKey } from '../../domain/accounts/audit-actions.ts';
import { RESOURCE_TYPES } from '../../domain/quota.ts';
import { wordOf } from '../i18n/closed-list.ts';
import { alertWord, eventWord, mailWord, operatorActWord } from '../settings/operator-words.ts';
import { failureWord, reasonWord } from '../subscription/invoice-status.ts';
import { useAuditText } from './useAuditText.ts';
import { useFactText } from './useFactText.ts';
import { useRunbook } from './useRunbook.ts';
import { useStateText } from './useStateText.ts';
import { useText } from './useText.ts';

/** An entry as it is read: what has no words (ids, Stripe's types) is `codes`. */
export interface TimelineText {
  /** Null where there is no word: then a code says what it is. */
  title: string | null;
  codes: string[];
  /** What is told of it, in one line; may be empty. */
  facts: string;
  /** Who did it; `isCode` for a job or an event. */
  by: TimelineWord | null;
  why: TimelineWord | null;
}
export interface TimelineWord {
  text: string;
  isCode: boolean;
}

type Facts = TimelineEntry['facts'];
const EVENT_STATES = ['received', 'processed', 'ignored', 'dead'] as const;
const REFUND_REASONS = ['duplicate', 'fraudulent', 'requested_by_customer'] as const;
const PEOPLE = ['user', 'service'];

/** What happened to a tenant, and what operators did, in the reader's words. */
export function useTimelineText(): {
  entry: (entry: TimelineEntry) => TimelineText;
  /** The name of what an entry of a log says was done; null where there is none. */
  action: (action: string) => string | null;
} {
  const { t, f } = useText();
  const states = useStateText();
  const runbook = useRunbook();
  const changes = useAuditText();
  const factText = useFactText();
  const line = (parts: (string | false | null)[]) =>
    parts.filter(Boolean).join(t('team.audit.between'));
  const money = (amount: unknown, currency: unknown) =>
    f.value.money({ amountMinor: Number(amount), currency: String(currency) });
  const tries = (count: unknown) =>
    Number(count) > 1 && t('admin.timeline.attempts', { count: Number(count) });

  function action(name: string): string | null {
    const key = auditActionKey(name);
    return key ? t(`team.audit.actions.${key}`) : operatorActWord(name, t);
  }

  /** What came of an act of an operator's, as the log keeps it. */
  function outcome(after: unknown): string {
    const kept = (after ?? {}) as Record<string, unknown>;
    const { facts, refused } = kept;
    if (refused !== undefined) {
      const known = refusalIn(kept);
      const why = known ? t(`admin.refusals.${known}`) : String(refused);
      return t('admin.did.refused', { why });
    }
    const told = Array.isArray(facts) ? (facts as ActFact[]) : [];
    return line(
      told.map((fact) =>
        t('admin.did.fact', { name: t(`admin.facts.${fact.name}`), value: factText(fact) }),
      ),
    );
  }

  const of: Record<TimelineEntry['kind'], (what: string, facts: Facts) => Partial<TimelineText>> = {
    change: (what, { subject, before, after }) => ({
      ...{ title: action(what), codes: codes(what, action(what), subject) },
      facts: changes({ before, after } as Parameters<typeof changes>[0]),
    }),
    operator: (what, { after }) => ({
      ...{ title: action(what), codes: codes(what, action(what)), facts: outcome(after) },
    }),
    payment: (what, { number, invoice, due, paid, currency, reason, attempts }) => ({
      ...{ title: states.payment(what), codes: codes(what, what, number ?? invoice) },
      facts: line([
        t(`payments.reason.${reasonWord({ about: 'other', reason: String(reason) })}`),
        what === 'paid'
          ? t('admin.tenant.paid', { amount: money(paid, currency) })
          : t('admin.tenant.due', { amount: money(due, currency) }),
        tries(attempts),
      ]),
    }),
    refund: (what, { refund, amount, currency }) => ({
      ...{ title: states.refund(what), codes: codes(what, what, refund) },
      facts: money(amount, currency),
    }),
    event: (what, { state, object, attempts }) => ({
      ...{ title: eventWord(what, t), codes: codes(what, null, object) },
      facts: line([
        wordOf(state, EVENT_STATES, (one) => t(`admin.events.${one}`)),
        tries(attempts),
      ]),
    }),
    mail: (what, { recipient, sentAt, failedAt, resends }) => ({
      title: mailWord(what, t),
      facts: line([
        recipient ? String(recipient) : null,
        mailState(sentAt, failedAt),
        Number(resends) > 0 && t('admin.timeline.resends', { count: Number(resends) }),
      ]),
    }),
    alert: (what, { subject, resolvedAt, count }) => ({
      ...{ title: runbook.titleOf(what), codes: codes(what, null, subject) },
      facts: line([
        Number(count) > 1 && t('admin.alerts.count', { count: Number(count) }),
        resolvedAt
          ? t('admin.timeline.resolved', { date: f.value.moment(String(resolvedAt)) })
          : '',
      ]),
    }),
    crossing: (_what, { resourceType, percent, period, used, limit }) => ({
      title: t('admin.timeline.crossing', {
        resource: wordOf(resourceType, RESOURCE_TYPES, (one) => t(`shell.resources.${one}`)),
        percent: f.value.percent(Number(percent)),
      }),
      facts: line([
        f.value.month(String(period)),
        t('admin.tenant.used', {
          used: f.value.number(Number(used)),
          limit: f.value.number(Number(limit)),
        }),
      ]),
    }),
  };

  function mailState(sentAt: unknown, failedAt: unknown): string {
    if (sentAt) return t('admin.timeline.sent', { date: f.value.moment(String(sentAt)) });
    if (!failedAt) return t('admin.timeline.waiting');
    return t('admin.timeline.givenUp', { date: f.value.moment(String(failedAt)) });
  }

  /** Who: people and commands by name; a job, a key or an event by its code. */
  const who = ({ by, facts }: TimelineEntry): TimelineWord | null =>
    by === null ? null : { text: by, isCode: !PEOPLE.includes(String(facts['actor'])) };

  function why({ kind, what, why: cause }: TimelineEntry): TimelineWord | null {
    if (cause === null) return null;
    if (kind === 'alert') return { text: alertWord(what, t) ?? cause, isCode: false };
    if (kind === 'payment') {
      const word = failureWord(cause);
      const isCode = word === 'other';
      return { text: isCode ? cause : t(`payments.failure.${word}`), isCode };
    }
    if (kind === 'refund') {
      const text = wordOf(cause, REFUND_REASONS, (one) => t(`admin.refundReasons.${one}`));
      return { text, isCode: text === cause };
    }
    return { text: cause, isCode: /^[a-z]+([._-][a-z]+)+$/.test(cause) };
  }

  return {
    action,
    entry: (entry) => ({
      ...{ title: null, codes: [], facts: '', by: who(entry), why: why(entry) },
      ...of[entry.kind](entry.what, entry.facts),
    }),
  };
}

/** The code of what has no word, and the id of what it is about. */
function codes(what: string, word: string | null, subject?: unknown): string[] {
  return [...(word === null ? [what] : []), ...(subject ? [String(subject)] : [])];
}
