import type { Counter, Registry } from 'prom-client';
import type { Db } from '../../../db/client.ts';
import { countUnsentMails } from '../../../db/repositories/mail-outbox.repository.ts';
import { outcomeCounter, registerReading } from '../../metrics.ts';

/** Tries to send a mail, by how they ended: sent, failed. */
export type MailCounter = Counter<'outcome'>;

/** Registers what `/metrics` shows of the outbox; answers the counter for who sends. */
export function createMailMetrics(registry: Registry, db: Db): MailCounter {
  registerReading(
    registry,
    {
      name: 'mail_outbox',
      help: 'Mails that wait to be sent (waiting), of those tried and not taken yet (failing), and given up (given_up).',
      labelNames: ['state'],
    },
    async () => {
      const { waiting, failing, givenUp } = await countUnsentMails(db);
      return [
        { labels: { state: 'waiting' }, value: waiting },
        { labels: { state: 'failing' }, value: failing },
        { labels: { state: 'given_up' }, value: givenUp },
      ];
    },
  );
  return outcomeCounter(
    registry,
    { name: 'mails_total', help: 'Tries to send a mail, by how they ended: sent, failed.' },
    ['sent', 'failed'],
  );
}
