import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';

/** One promise about speed or memory, what was measured, and whether it holds. */
export interface Criterion {
  name: string;
  measured: string;
  required: string;
  passed: boolean;
}

export interface Figure {
  name: string;
  value: number;
  unit: string;
}

export interface Report {
  figures: Figure[];
  criteria: Criterion[];
}

export const newReport = (): Report => ({ figures: [], criteria: [] });

export function atLeast(name: string, value: number, min: number, unit: string): Criterion {
  return {
    name,
    measured: show(value, unit),
    required: `at least ${show(min, unit)}`,
    passed: value >= min,
  };
}

export function atMost(name: string, value: number, max: number, unit: string): Criterion {
  return {
    name,
    measured: show(value, unit),
    required: `at most ${show(max, unit)}`,
    passed: value <= max,
  };
}

export function show(value: number, unit: string): string {
  const digits = Math.abs(value) >= 100 ? 0 : 2;
  const number = value.toLocaleString('en', { maximumFractionDigits: digits });
  return unit === '' ? number : `${number} ${unit}`;
}

export function printFigures(title: string, figures: readonly Figure[]): void {
  console.log(`\n${title}`);
  const width = Math.max(...figures.map((figure) => figure.name.length));
  for (const { name, value, unit } of figures) {
    console.log(`  ${name.padEnd(width)}  ${show(value, unit).padStart(18)}`);
  }
}

export function printCriteria(criteria: readonly Criterion[]): void {
  console.log('\nPromises');
  const width = Math.max(...criteria.map((criterion) => criterion.name.length));
  for (const { name, measured, required, passed } of criteria) {
    const verdict = passed ? 'holds' : 'MISS ';
    console.log(`  ${verdict}  ${name.padEnd(width)}  ${measured.padStart(16)}  (${required})`);
  }
}

/** Writes the report with the machine it was made on; answers the file. */
export function writeReport(report: Report, startedAt: Date): string {
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${startedAt.toISOString().replaceAll(':', '-')}.json`);
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    loadAverage: loadavg(),
    node: process.version,
  };
  writeFileSync(
    file,
    `${JSON.stringify({ at: startedAt.toISOString(), machine, ...report }, null, 2)}\n`,
  );
  return file;
}
