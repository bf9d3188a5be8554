import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LocalStripe } from '../../kernel/local-stripe.ts';
import type { EndpointKey } from '../../schema/index.ts';
import { isSandbox } from '../support/subject.ts';
import { contexts } from './contexts.ts';
import { effects } from './effects.ts';
import { openWalk, walkEndpoint } from './walk.ts';
import type { MakeContext } from './contexts.ts';

const walked = Object.entries(contexts) as [EndpointKey, MakeContext][];
const used = new Set<string>();

describe.skipIf(isSandbox)('8.8 no parameter is accepted and forgotten', () => {
  let local: LocalStripe;
  beforeAll(async () => {
    local = await openWalk();
  });
  afterAll(() => local.close());

  test.each(walked)('%s', async (endpoint, make) => {
    const outcomes = await walkEndpoint(local, endpoint, make);
    expect(outcomes.some(({ outcome }) => outcome === 'answered')).toBe(true);
    const forgotten = outcomes.filter(({ outcome, name }) => {
      if (outcome !== 'unseen') return false;
      const effect = effects.find((one) => one.endpoint.test(endpoint) && one.param.test(name));
      if (effect !== undefined) used.add(effect.what);
      return effect === undefined;
    });
    expect(forgotten.map(({ name, detail }) => `${name}: ${detail}`)).toEqual([]);
    // What is refused in its context says why, in words.
    const wordless = outcomes.filter(
      ({ outcome, detail }) => outcome !== 'answered' && detail === '',
    );
    expect(wordless.map(({ name }) => name)).toEqual([]);
  });

  test('every effect that is named is one of a parameter', () => {
    expect(effects.map(({ what }) => what).filter((what) => !used.has(what))).toEqual([]);
  });
});
