import { startLocalStripe } from '../../index.ts';
import { frozenClock } from '../../kernel/clock.ts';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import type { EndpointKey } from '../../schema/index.ts';
import type { Answer, Context, Form, MakeContext, Send } from './contexts.ts';
import { getEndpoint } from '../../schema/document.ts';
import type { JsonSchema } from '../../schema/json-schema.ts';
import { nameOf, parametersBelow, parametersOf } from './paths.ts';
import type { Parameter } from './paths.ts';
import { complete, valuesOf } from './values.ts';
import type { Value } from './values.ts';

/** What became of one parameter. */
export interface Walked {
  name: string;
  outcome: 'answered' | 'refused' | 'unseen' | 'rejected';
  /** What it was sent as, and what the local Stripe said. */
  detail: string;
}

const beganAt = Date.UTC(2027, 0, 1) / 1000;

export const openWalk = (): Promise<LocalStripe> =>
  startLocalStripe({
    port: 0,
    seed: 'walk',
    clock: frozenClock(new Date(beganAt * 1000)),
    checkResponses: true,
  });

/** Sends each parameter of an endpoint, the ones within others too, in a context where it is right. */
export async function walkEndpoint(
  local: LocalStripe,
  endpoint: EndpointKey,
  make: MakeContext,
): Promise<Walked[]> {
  const send = sender(local);
  const [method = 'POST'] = endpoint.split(' ');
  const plain = await make(send.orThrow);
  const without = normal((await send.raw(method, plain.path, plain.form)).body);
  const walked: Walked[] = [];
  const visit = async (parameter: Parameter): Promise<void> => {
    const one = await tryOut(
      send,
      method,
      make,
      parameter,
      without,
      getEndpoint(endpoint).params ?? {},
    );
    if (one !== null) walked.push(one);
    if (one?.outcome === 'refused') return;
    for (const below of parametersBelow(parameter.schema, parameter.path)) await visit(below);
  };
  for (const parameter of parametersOf(endpoint)) await visit(parameter);
  return walked;
}

interface Sender {
  raw(method: string, path: string, form: Form): Promise<{ status: number; body: Answer }>;
  orThrow: Send;
}

async function tryOut(
  send: Sender,
  method: string,
  make: MakeContext,
  { path, schema }: Parameter,
  without: string,
  wanted: JsonSchema,
): Promise<Walked | null> {
  const name = nameOf(path);
  let said = '';
  let outcome: Walked['outcome'] = 'rejected';
  const context = await make(send.orThrow);
  const values = valuesOf(schema, path.at(-1)!, context.known, beganAt);
  // What only holds others says nothing of its own.
  if (values.every((value) => encode({ x: value }) === '')) return null;
  for (const value of values.slice(0, 6)) {
    const fresh = value === values[0] ? context : await make(send.orThrow);
    const form = complete(wanted, withValue(fresh, path, value), fresh.known, beganAt) as Form;
    const { status, body } = await send.raw(method, fresh.path, form);
    const error = body.error as { message?: string; param?: string } | undefined;
    if (status === 200) {
      if (normal(body) !== without) return { name, outcome: 'answered', detail: '' };
      outcome = 'unseen';
      said = JSON.stringify(value);
    } else if (/does not imitate|imitates/.test(error?.message ?? '')) {
      return { name, outcome: 'refused', detail: error?.message ?? '' };
    } else if (outcome === 'rejected') {
      said = `${JSON.stringify(value)}: ${error?.message ?? ''} (${error?.param ?? ''})`;
    }
  }
  return { name, outcome, detail: said };
}

function withValue({ form }: Context, path: string[], value: Value): Form {
  const copy = structuredClone(form);
  let here = copy as Record<string, Value>;
  for (const key of path.slice(0, -1)) {
    here[key] ??= {};
    here = here[key] as Record<string, Value>;
  }
  here[path.at(-1)!] = value;
  return copy;
}

/** An answer without what is new each time: ids and texts that follow from them. */
function normal(body: Answer): string {
  return JSON.stringify(body)
    .replaceAll(/\b[a-z]+(?:_test)?_[A-Za-z0-9]{8,}\b/g, 'id')
    .replaceAll(/"(client_secret|fingerprint|invoice_prefix|number)":"(?!OTHER)[^"]*"/g, '$1');
}

function sender(local: LocalStripe): Sender {
  const raw: Sender['raw'] = async (method, path, form) => {
    const response = await local.fetch(
      new Request(`${local.url}${path}`, {
        method,
        headers: {
          authorization: 'Bearer sk_test_walk',
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: encode(form),
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
