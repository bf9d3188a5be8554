import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { WEIGHT_ONE, type RateCard } from '../../domain/billing/usage/rate-card.ts';
import { parseYaml } from './parse-yaml.ts';

/** What comes with the product, and is published where no card is published yet. */
export const RATES_FILE = path.resolve(import.meta.dirname, '../../../rates.yaml');

/** The first card has always been in force: work that began before it is weighed by it. */
export const FIRST_EFFECTIVE_AT = new Date(0);

const WEIGHT_MAX = 1_000;
const MODEL_LENGTH_MAX = 200;

/** Whole millionths, read from a number of six decimals at most. */
const weight = z
  .custom<number>((value) => typeof value === 'number' && isWeight(value), {
    error: `takes units a token above 0, up to ${WEIGHT_MAX.toLocaleString('en')}, with six decimals at most`,
  })
  .transform(toMillionths);

const weights = z
  .strictObject({ input: weight, cached: weight, output: weight })
  .refine(({ input, cached }) => cached <= input, {
    path: ['cached'],
    error: 'is at most input: what is held before a call counts all of it as read anew',
  });

const document = z.strictObject({
  llm_tokens: z
    .record(z.string().min(1).max(MODEL_LENGTH_MAX), weights)
    .refine((models) => Object.keys(models).length > 0, { error: 'names no model' }),
});

/**
 * The weights of a file, by model. Throws one sentence that names the file, the place and what belongs
 * there; a field that nobody knows is refused.
 */
export function readRatesFile(file: string): RateCard['weights'] {
  return parseRates(readFileSync(file, 'utf8'), path.basename(file));
}

/** The same for its text; `name` is what a sentence calls it. */
export function parseRates(text: string, name: string): RateCard['weights'] {
  return parseYaml(document, text, name).llm_tokens;
}

function isWeight(value: number): boolean {
  const whole = toMillionths(value);
  return whole > 0 && value <= WEIGHT_MAX && Math.abs(value * WEIGHT_ONE - whole) < 1e-6;
}

function toMillionths(value: number): number {
  return Math.round(value * WEIGHT_ONE);
}
