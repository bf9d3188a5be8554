import type { ChangePreview } from '../../src/domain/api.ts';
import type { Answer } from '../support/http.ts';
import { describe, type Person } from './person.ts';

/** What somebody asked for, and what they were told. `null` when no answer came. */
export interface VerbResult {
  answer: { status: number; text: string; body: Record<string, unknown> } | null;
  /** What the change was said to cost, where that was asked before. */
  preview: ChangePreview | null;
}

interface Verb {
  path: string;
  body?(person: Person): object;
  method?: 'delete';
  /** Looks at the price of it before, as the page does. */
  previews?: boolean;
}

const to = (slot: 'pro_month' | 'pro_year' | 'team_month') => (person: Person) => ({
  priceId: person.prices[slot],
});

/** Everything that a customer can ask for. `nothing` is the mirror that the others are held to. */
export const VERBS = {
  nothing: { path: '' },
  checkout: { path: '/api/subscription/checkout', body: to('team_month') },
  preview: { path: '/api/subscription/preview', body: to('team_month') },
  upgrade: { path: '/api/subscription/upgrade', body: to('team_month'), previews: true },
  downgrade: { path: '/api/subscription/upgrade', body: to('pro_month'), previews: true },
  switch: { path: '/api/subscription/upgrade', body: to('pro_year'), previews: true },
  cancel: { path: '/api/subscription/cancel' },
  'cancel now': { path: '/api/subscription/cancel', body: () => ({ immediately: true }) },
  resume: { path: '/api/subscription/resume' },
  portal: { path: '/api/subscription/portal' },
  sync: { path: '/api/subscription/sync' },
  'delete tenant': {
    path: '/api/tenant',
    body: () => ({ confirm: 'Round table' }),
    method: 'delete',
  },
} satisfies Record<string, Verb>;

export type VerbName = keyof typeof VERBS;

export const VERB_NAMES = Object.keys(VERBS) as VerbName[];

/** The preview that the page shows before it asks; `null` where there is none to show. */
export async function previewOf(person: Person, name: VerbName): Promise<ChangePreview | null> {
  const verb: Verb = VERBS[name];
  if (!verb.previews) return null;
  const answer = await person.api.post<ChangePreview>(
    '/api/subscription/preview',
    verb.body?.(person),
  );
  return answer.status === 200 ? answer.body : null;
}

/** Asks. A checkout that opens is paid at once, as by somebody who wants the plan. */
export async function ask(
  person: Person,
  name: VerbName,
  preview: ChangePreview | null,
): Promise<VerbResult> {
  const verb: Verb = VERBS[name];
  if (verb.path === '') return { answer: null, preview: null };
  const date = preview?.prorationDate;
  const body = {
    ...verb.body?.(person),
    ...(typeof date === 'number' ? { prorationDate: date } : {}),
  };
  let answer: Answer;
  try {
    answer =
      verb.method === 'delete'
        ? await person.api.delete(verb.path, body)
        : await person.api.post(verb.path, body);
  } catch {
    return { answer: null, preview };
  }
  return { answer: { status: answer.status, text: describe(answer), body: answer.body }, preview };
}

/** Pays where the answer leads, when it leads to a Checkout. */
export async function payWhereAsked(person: Person, { answer }: VerbResult): Promise<void> {
  const url = answer?.body?.['checkoutUrl'];
  if (typeof url === 'string') await person.pay(url);
}
