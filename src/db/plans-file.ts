import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { FEATURES, type Plan, type PlanDefinition, type PlanLimits } from '../domain/plans.ts';

/** What a plan is to include: a version that has no number yet. */
export type PlanDraft = Omit<PlanDefinition, 'version'>;

/** What comes with the product, and is published where nothing is published yet. */
export const PLANS_FILE = path.resolve(import.meta.dirname, '../../plans.yaml');

const UNITS_MAX = 1_000_000_000_000_000;
const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= UNITS_MAX;
const limit = z
  .custom<number | 'unlimited'>((value) => value === 'unlimited' || isAmount(value), {
    error: `takes whole units a month from 0 to ${UNITS_MAX.toLocaleString('en')}, or unlimited`,
  })
  .transform((value) => (value === 'unlimited' ? null : value));

const definition = z.strictObject({
  name: z.string().trim().min(1).max(40),
  features: z
    .array(z.enum(FEATURES))
    .refine((all) => new Set(all).size === all.length, { error: 'names a feature twice' }),
  limits: z.strictObject({
    llm_tokens: limit,
    messages: limit,
    images: limit,
    api_calls: limit,
  } satisfies Record<keyof PlanLimits, typeof limit>),
});

const document = z.strictObject({
  plans: z.strictObject({
    free: definition,
    pro: definition,
    team: definition,
  } satisfies Record<Plan, typeof definition>),
});

/**
 * The plans of a file, cheapest first. Throws one sentence that names the file, the place and what
 * belongs there; a field that nobody knows is refused.
 */
export function readPlansFile(file: string): PlanDraft[] {
  return parsePlans(readFileSync(file, 'utf8'), path.basename(file));
}

/** The same for its text; `name` is what a sentence calls it. */
export function parsePlans(text: string, name: string): PlanDraft[] {
  // Numbers may be grouped, as in 50_000: that is YAML 1.1's.
  const yaml = parseDocument(text, { version: '1.1', prettyErrors: true });
  const [broken] = yaml.errors;
  if (broken) throw new Error(`${name} is not YAML: ${broken.message.split('\n')[0]}`);
  const parsed = document.safeParse(yaml.toJS());
  if (!parsed.success) {
    const { path: place, message } = parsed.error.issues[0]!;
    throw new Error(`${name}: ${place.join('.') || 'the file'}: ${message}.`);
  }
  return Object.entries(parsed.data.plans).map(([plan, values]) => ({
    plan: plan as Plan,
    ...values,
  }));
}
