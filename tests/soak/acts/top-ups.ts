import type { Person } from '../../faults/person.ts';
import { topUpsPaid } from '../money.ts';
import type { Told } from '../told.ts';
import { appOf, putLimits, type Act } from './act.ts';
import { answerBank, openPack, purchasesOf } from './packs.ts';

const SMALL = { amountMinor: 600, currency: 'cny', credits: 60 };
const OFF = 'top-ups that were switched off went on';

/** Packs that are bought by themselves: agreed to, asked for by the bank, switched off. */
export const TOP_UPS = {
  'top up by itself': (person, told) => agree(person, told, 'pm_card_visa'),
  'top up by itself, once a month': (person, told) => agree(person, told, 'pm_card_visa', 600),
  'top up by itself, the bank will ask': (person, told) =>
    agree(person, told, 'pm_card_authenticationRequired'),
  'top up by itself, the card will fail': (person, told) =>
    agree(person, told, 'pm_card_chargeCustomerFail'),
  'confirm the top-up by the mail’s link': (person, told) => answer(person, told, 'complete'),
  'refuse the top-up at the bank': (person, told) => answer(person, told, 'fail'),
  'save a good card': async (person) => {
    await saveCard(person, 'pm_card_visa');
    return 200;
  },
  'top up no more': (person, told) => switchOff(person, told),
  'top up no more, while one is begun': async (person, told) => {
    const customer = await person.customerId();
    const failure = { status: 500, when: 'before', shouldRetry: false } as const;
    if (customer === null) return 0;
    for (let left = 4; left > 0; left -= 1)
      person.world.addRule({ ...failure, match: { method: 'POST', customer } });
    await appOf(person).runTasks();
    return switchOff(person, told);
  },
} satisfies Record<string, Act>;

async function switchOff(person: Person, told: Told): Promise<number> {
  await seeWhetherOff(person, told);
  const { status } = await putLimits(person, { autoTopUp: { enabled: false } });
  if (status === 200) told.topUpsAtTheEnd = await topUpsPaid(person);
  return status;
}

/** Buying by itself is over when it is answered so: nothing is charged after that. */
export async function seeWhetherOff(person: Person, told: Told): Promise<void> {
  const atTheEnd = told.topUpsAtTheEnd;
  if (atTheEnd === null || (await topUpsPaid(person)) === atTheEnd) return;
  told.topUpsAtTheEnd = null;
  told.broken.push(OFF);
}

async function agree(
  person: Person,
  told: Told,
  card: string,
  monthMaxMinor = 3_000,
): Promise<number> {
  await saveCard(person, card);
  await seeWhetherOff(person, told);
  told.topUpsAtTheEnd = null;
  const input = { enabled: true, packId: 'small', lowCredits: 60, monthMaxMinor, consent: SMALL };
  return (await putLimits(person, { autoTopUp: input })).status;
}

/** From now on this card is charged where nobody is present. Who was never at Stripe looks at a pack before. */
async function saveCard(person: Person, card: string): Promise<void> {
  if ((await person.customerId()) === null) {
    await openPack(person, 'small');
    const open = (await purchasesOf(person)).find(({ state }) => state === 'open');
    if (open) await person.api.post(`/api/credits/purchases/${open.id}/cancel`);
  }
  const { stripe } = person.world;
  const customer = await person.customer();
  const { id } = await stripe.paymentMethods.attach(card, { customer });
  await stripe.customers.update(customer, { invoice_settings: { default_payment_method: id } });
}

/** What somebody does who opens the mail, be it late: the page says what can still be confirmed. */
async function answer(
  person: Person,
  told: Told,
  outcome: Parameters<typeof answerBank>[1],
): Promise<number> {
  const { pool, local } = person.world;
  const { rows } = await pool.query<{ url: string }>(
    `select data ->> 'confirmUrl' as url from mail_outbox
     where tenant_id = $1 and kind = 'top_up_confirm' order by created_at desc limit 1`,
    [person.tenantId],
  );
  if (!rows[0]) return 0;
  const challenge = /href="(\/3ds\/\w+)"/.exec(await (await fetch(rows[0].url)).text())?.[1];
  if (challenge === undefined) return 0;
  await seeWhetherOff(person, told);
  // Whoever confirms it by hand wants it.
  told.topUpsAtTheEnd = null;
  return answerBank(new URL(challenge, local.url), outcome);
}
