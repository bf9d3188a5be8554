import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import { resources } from '../../resources/index.ts';
import { endpoints } from '../../schema/index.ts';
import type { EndpointKey } from '../../schema/index.ts';
import { isSandbox } from '../support/subject.ts';
import { contexts } from './contexts/index.ts';
import type { MakeContext } from './contexts/shop.ts';
import { effects } from './effects.ts';
import { parametersOf } from './paths.ts';
import { unfit } from './unfit.ts';
import { openWalk, senderTo, walkEndpoint } from './walk.ts';
import type { Sender, Walked } from './walk.ts';

const walked = Object.entries(contexts) as [EndpointKey, readonly MakeContext[]][];
const nameless = (endpoint: string) => endpoint.replaceAll(/:\w+/g, ':');
const used = new Set<string>();

/** The entry of a table that names this parameter, remembered as used. */
function namedIn<T extends { endpoint: RegExp; param: RegExp }>(
  table: readonly T[],
  endpoint: string,
  { name }: Walked,
): boolean {
  const found = table.find((one) => one.endpoint.test(endpoint) && one.param.test(name));
  if (found !== undefined) used.add(`${found.endpoint} ${found.param}`);
  return found !== undefined;
}

test('8.8 every endpoint that is served has its parameters walked', () => {
  const served = resources
    .flatMap(({ routes }) => routes.map(({ method, path }) => `${method} ${path}`))
    .map(nameless);
  expect([...new Set(served)].sort()).toEqual(endpoints.map(nameless).sort());
  const left = endpoints.filter((one) => parametersOf(one).length > 0 && !(one in contexts));
  expect(left).toEqual([]);
});

describe.skipIf(isSandbox)('8.8 no parameter is accepted and forgotten', () => {
  let local: LocalStripe;
  let send: Sender;
  beforeAll(async () => {
    local = await openWalk();
    send = senderTo(local);
  });
  afterAll(() => local.close());

  test.each(walked)('%s', async (endpoint, makes) => {
    const outcomes = await walkEndpoint(send, endpoint, makes);
    const describeWalked = ({ name, detail }: Walked) => `${name}: ${detail}`;
    const forgotten = outcomes.filter(
      (one) => one.outcome === 'unseen' && !namedIn(effects, endpoint, one),
    );
    expect(forgotten.map(describeWalked)).toEqual([]);
    const untried = outcomes.filter(
      (one) => one.outcome === 'rejected' && !namedIn(unfit, endpoint, one),
    );
    expect(untried.map(describeWalked)).toEqual([]);
  });

  test('every entry of the tables is of a parameter', () => {
    const all = [...effects, ...unfit].map(({ endpoint, param }) => `${endpoint} ${param}`);
    expect(all.filter((one) => !used.has(one))).toEqual([]);
  });
});
