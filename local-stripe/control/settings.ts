import { z } from 'zod';
import { isPlaceholder, pathMatches } from '../kernel/chaos.ts';
import type { ChaosSettings, FailureRule } from '../kernel/rows.ts';
import { changeChaos, readSettings } from '../kernel/settings.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Route } from '../kernel/types.ts';
import { ControlError } from './errors.ts';

type Endpoint = Pick<Route, 'method' | 'path'>;

const rate = z.number().min(0).max(1);

const statusText = 'a status from 400 to 599, "hang" or "cut"';

const failureRule = z
  .strictObject({
    match: z
      .strictObject({
        method: z.enum(['GET', 'POST', 'DELETE']).optional(),
        path: z
          .string()
          .max(300)
          .regex(/^\/v1\/[^?#\s]+$/, {
            error: 'a path from /v1/ on, without query; single segments may be :id or *',
          })
          .optional(),
        customer: z.string().min(1).max(100).optional(),
      })
      .optional(),
    nth: z.number().int().min(1).max(100_000).optional(),
    status: z.union([z.number().int().min(400).max(599), z.enum(['hang', 'cut'])], {
      error: statusText,
    }),
    code: z.string().min(1).max(100).optional(),
    when: z.enum(['before', 'after']).optional(),
    repeats: z.number().int().min(0).max(10).optional(),
    shouldRetry: z.boolean().optional(),
  })
  .refine((rule) => typeof rule.status === 'number' || rule.code === undefined, {
    error: 'where nothing is answered there is no code',
    path: ['code'],
  })
  .refine((rule) => typeof rule.status === 'number' || rule.shouldRetry === undefined, {
    error: 'where nothing is answered there is no header',
    path: ['shouldRetry'],
  });

/** Rates are 0 to 1. What is not given stays as it was. */
export const chaosBody = z.strictObject({
  duplicate: rate.optional(),
  shuffle: rate.optional(),
  drop: rate.optional(),
  delayMs: z.number().int().min(0).max(60_000).optional(),
  failNext: z.array(failureRule).max(1000).optional(),
});

/**
 * Changes how events are delivered and which requests fail. A new `failNext` takes the place of the
 * old one, and what that has struck is forgotten. Throws where a rule could never strike.
 */
export function setChaos(kernel: Kernel, change: z.infer<typeof chaosBody>): ChaosSettings {
  const endpoints = kernel.resources.flatMap(({ routes }) => routes);
  for (const [at, rule] of (change.failNext ?? []).entries()) assertCanStrike(endpoints, rule, at);
  const fired = change.failNext === undefined ? {} : { fired: [] };
  return kernel.run(({ store }) => {
    return changeChaos(store, { ...readSettings(store).chaos, ...change, ...fired }).chaos;
  });
}

function assertCanStrike(endpoints: readonly Endpoint[], { match }: FailureRule, at: number): void {
  const { method, path } = match ?? {};
  const isThere = endpoints.some(
    (one) =>
      (method === undefined || one.method === method) &&
      (path === undefined || couldBe(path, one.path)),
  );
  if (isThere) return;
  const wanted = [method, path].filter((part) => part !== undefined).join(' ');
  const param = `failNext.${at}.match`;
  throw new ControlError(400, 'invalid_body', `${param}: no endpoint here is ${wanted}.`, param);
}

/** True when some path fits both: the rule's, and the endpoint's with its `:name` segments. */
function couldBe(wanted: string, endpoint: string): boolean {
  const names = endpoint.split('/');
  const given = wanted.split('/').map((part, at) => (isPlaceholder(names[at] ?? '') ? '*' : part));
  return pathMatches(
    given.join('/'),
    names.map((name) => (isPlaceholder(name) ? '*' : name)).join('/'),
  );
}
