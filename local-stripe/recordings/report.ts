import type { Field } from './compare.ts';
import { whyExempt } from './moved.ts';
import type { Replayed } from './replay.ts';

/** How much has to agree, of statuses and of compared fields. */
export const wanted = { statuses: 0.97, fields: 0.99 };

export interface Report {
  statuses: { agree: number; all: number };
  fields: { agree: number; all: number };
  /** What is left out, and what differs: a line each. */
  leftOut: string[];
  differences: string[];
  isEnough: boolean;
}

/** Counts over all sequences. Fields are compared where the statuses agree. */
export function reportOn(replayed: { name: string; calls: Replayed[] }[]): Report {
  const statuses = { agree: 0, all: 0 };
  const fields = { agree: 0, all: 0 };
  const leftOut: string[] = [];
  const differences: string[] = [];
  for (const { name, calls } of replayed) {
    for (const { call, status, refusal, fields: compared } of calls) {
      const place = `${name}: ${call.method} ${call.path}`;
      if (compared === null) {
        leftOut.push(`${place} ${call.body.split('&', 1)[0]!}`);
        continue;
      }
      statuses.all += 1;
      if (status !== call.status) {
        differences.push(`${place}: status ${call.status}, here ${status} ${show(refusal)}`);
        continue;
      }
      statuses.agree += 1;
      for (const field of compared) {
        if (!field.agrees && whyExempt(field) !== null) continue;
        fields.all += 1;
        if (field.agrees) fields.agree += 1;
        else differences.push(`${place}: ${describe(field)}`);
      }
    }
  }
  const isEnough =
    share(statuses) >= wanted.statuses && share(fields) >= wanted.fields && statuses.all > 0;
  return { statuses, fields, leftOut, differences, isEnough };
}

function describe({ path, recorded, ours }: Field): string {
  return `${path}: ${show(recorded)}, here ${show(ours)}`;
}

const show = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 120);

const share = ({ agree, all }: { agree: number; all: number }) => (all === 0 ? 1 : agree / all);

/** For people: what differs, what is left out, and the two counts. */
export function printReport(report: Report): string {
  const count = (of: { agree: number; all: number }) =>
    `${of.agree} of ${of.all} agree (${(100 * share(of)).toFixed(2)} %)`;
  return [
    ...report.differences.map((line) => `differs   ${line}`),
    ...report.leftOut.map((line) => `left out  ${line}`),
    `Statuses: ${count(report.statuses)}; at least ${100 * wanted.statuses} % must.`,
    `Fields:   ${count(report.fields)}; at least ${100 * wanted.fields} % must.`,
  ].join('\n');
}
