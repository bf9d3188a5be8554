import { startLocalStripe } from '../../index.ts';
import { frozenClock } from '../../kernel/clock.ts';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { getEndpoint } from '../../schema/document.ts';
import type { EndpointKey } from '../../schema/index.ts';
import { complete, withValue, withoutValue } from './complete.ts';
import type { Answer, Context, Form, MakeContext, Send } from './contexts/shop.ts';
import { nameOf, parametersBelow, parametersOf } from './paths.ts';
import type { Parameter } from './paths.ts';
import { valuesOf } from './values.ts';
import type { Known, Value } from './values.ts';

/** What became of one parameter. */
export interface Walked {
  name: string;
  outcome: 'answered' | 'refused' | 'unseen' | 'rejected';
  /** What it was sent as, and what the local Stripe said. */
  detail: string;
  /** Refused for something within it: what else it may hold says nothing by that. */
  isOfPart?: boolean;
}

const beganAt = Date.UTC(2027, 0, 1) / 1000;
const valuesMax = 8;

export const openWalk = (): Promise<LocalStripe> =>
  startLocalStripe({
    port: 0,
    seed: 'walk',
    clock: frozenClock(new Date(beganAt * 1000)),
    checkResponses: true,
  });

/** A call that the parameters are added to, and what it answers without them. */
interface Stage {
  make: MakeContext;
  without: string;
  /** Made and not yet used up: a refused call leaves all as it was. */
  context: Context | null;
}

/**
 * Sends each parameter of an endpoint, the ones within others too, in a call where it is right. Throws
 * at an answer of 5xx, which is a fault of ours.
 */
export async function walkEndpoint(
  send: Sender,
  endpoint: EndpointKey,
  makes: readonly MakeContext[],
): Promise<Walked[]> {
  const [method = 'POST'] = endpoint.split(' ');
  const stages: Stage[] = [];
  for (const make of makes) {
    const plain = await make(send.orThrow);
    const { status, body } = await send.raw(method, plain.path, plain.form);
    if (status !== 200 && status !== 402) {
      throw new Error(`${endpoint} is not right as it is: ${JSON.stringify(body)}`);
    }
    const context = method === 'GET' ? plain : null;
    stages.push({ make, without: normal(body, plain.known), context });
  }
  const walked: Walked[] = [];
  const visit = async (parameter: Parameter): Promise<void> => {
    const one = await tryStages(send, endpoint, stages, parameter);
    if (one !== null) walked.push(one);
    if (one?.outcome === 'refused' && !one.isOfPart) return;
    for (const below of parametersBelow(parameter.schema, parameter.path)) await visit(below);
  };
  for (const parameter of parametersOf(endpoint)) await visit(parameter);
  return walked.filter((one) => !isKnownBelow(one, walked));
}

/** What is not forgotten of it within is not forgotten as a whole. */
function isKnownBelow({ name, outcome }: Walked, walked: readonly Walked[]): boolean {
  if (outcome === 'answered' || outcome === 'refused') return false;
  return walked.some((one) => one.name.startsWith(`${name}[`) && one.outcome === 'answered');
}

/** The best of what becomes of it in any of the calls. */
async function tryStages(
  send: Sender,
  endpoint: EndpointKey,
  stages: Stage[],
  parameter: Parameter,
): Promise<Walked | null> {
  let best: Walked | null = null;
  for (const stage of stages) {
    const one = await tryOut(send, endpoint, stage, parameter);
    if (one === null || one.outcome === 'answered' || one.outcome === 'refused') return one;
    if (best === null || one.outcome === 'unseen') best = one;
  }
  return best;
}

async function tryOut(
  send: Sender,
  endpoint: EndpointKey,
  stage: Stage,
  { path, schema }: Parameter,
): Promise<Walked | null> {
  const [method = 'POST'] = endpoint.split(' ');
  const name = nameOf(path);
  let said = '';
  let outcome: Walked['outcome'] = 'rejected';
  const context = (stage.context ??= await stage.make(send.orThrow));
  const { known } = context;
  // What is sold once has a price of its own kind.
  const sold: Known = /^(add_)?invoice_items$/.test(path[0]!)
    ? { price: known.one_time ?? known.price! }
    : {};
  const values = valuesOf(schema, path.at(-1)!, { ...known, ...sold }, beganAt);
  // What only holds others says nothing of its own.
  if (values.every((value) => encode({ x: value }) === '')) return null;
  for (const value of values.slice(0, valuesMax)) {
    const fresh = (stage.context ??= await stage.make(send.orThrow));
    const wanted = getEndpoint(endpoint).params ?? {};
    const given = withValue(fresh.form, path, value);
    const form = complete(wanted, given, fresh.known, beganAt) as Form;
    const { status, body } = await send.raw(method, fresh.path, form);
    if (status === 200 && method !== 'GET') stage.context = null;
    const error = body.error as { message?: string; param?: string } | undefined;
    const text = error?.message ?? '';
    if (status >= 500) throw new Error(`${endpoint} ${name}: ${text}`);
    if (status === 200 || status === 402) {
      if (normal(body, fresh.known) !== stage.without)
        return { name, outcome: 'answered', detail: '' };
      outcome = 'unseen';
      said = JSON.stringify(value);
    } else if (/local Stripe|is not imitated/.test(text)) {
      const isOfPart = error?.param?.startsWith(`${name}[`) ?? false;
      return { name, outcome: 'refused', detail: text, isOfPart };
    } else if (outcome === 'rejected') {
      said = `${JSON.stringify(value)}: ${text} (${error?.param ?? ''})`;
    }
  }
  return (await isMissed(send, method, stage, path))
    ? { name, outcome: 'answered', detail: '' }
    : { name, outcome, detail: said };
}

/** Whether the call has the parameter already, and another answer without it. */
async function isMissed(
  { raw, orThrow }: Sender,
  method: string,
  stage: Stage,
  path: string[],
): Promise<boolean> {
  const fresh = (stage.context ??= await stage.make(orThrow));
  const rest = withoutValue(fresh.form, path);
  if (rest === null) return false;
  const { status, body } = await raw(method, fresh.path, rest);
  if (status === 200 && method !== 'GET') stage.context = null;
  return status < 500 && normal(body, fresh.known) !== stage.without;
}

/** An answer without what is new each time: ids, but by what they are known as, and what follows from them. */
function normal(body: Answer, known: Known): string {
  let text = JSON.stringify(body);
  for (const [name, id] of Object.entries(known)) {
    if (/_\w{8,}/.test(id)) text = text.replaceAll(id, `the ${name}`);
  }
  return text
    .replaceAll(/\b[a-z]+(?:_test)?_[A-Za-z0-9]{8,}\b/g, 'id')
    .replaceAll(/"(client_secret|fingerprint|invoice_prefix|number)":"(?!OTHER)[^"]*"/g, '$1');
}

export interface Sender {
  raw(method: string, path: string, form: Form): Promise<{ status: number; body: Answer }>;
  orThrow: Send;
}

export function senderTo(local: LocalStripe): Sender {
  const raw: Sender['raw'] = async (method, path, form) => {
    const isInBody = method === 'POST';
    const text = encode(form);
    const response = await local.fetch(
      new Request(`${local.url}${path}${isInBody || text === '' ? '' : `?${text}`}`, {
        method,
        headers: {
          authorization: 'Bearer sk_test_walk',
          'content-type': 'application/x-www-form-urlencoded',
        },
        ...(isInBody ? { body: text } : {}),
      }),
    );
    return { status: response.status, body: (await response.json()) as Answer };
  };
  return {
    raw,
    orThrow: async (method, path, form = {}) => {
      const { status, body } = await raw(method, path, form);
      if (status !== 200) throw new Error(`${method} ${path}: ${JSON.stringify(body)}`);
      return body;
    },
  };
}

function encode(value: Value, name = ''): string {
  if (typeof value === 'string') return `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  return Object.entries(value)
    .map(([key, part]) => encode(part as Value, name === '' ? key : `${name}[${key}]`))
    .filter((text) => text !== '')
    .join('&');
}
