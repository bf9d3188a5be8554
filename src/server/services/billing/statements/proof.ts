import { createHash } from 'node:crypto';
import {
  plainPrice,
  type DetailedLine,
  type ProofFormat,
  type StatementKind,
  type StatementLine,
} from '../../../../domain/billing/statement.ts';

/**
 * A statement as a file that can be computed anew without us: a head, the lines, and every movement of
 * the account from the statement before on. All fields are free of commas and quotes, so that a line
 * is split at its commas.
 */
export interface ProofHead {
  proofFormat: ProofFormat;
  statement: string;
  team: string;
  kind: StatementKind;
  /** The month that it closes, or in which it was closed. */
  period: string;
  closedAt: string;
  currency: string;
  seqFrom: number;
  seqTo: number;
  rows: number;
  amountMinor: number;
  carriedInMinor: number;
  /** The hash of the statement before; empty for the first. */
  previousSha256: string;
  sha256: string;
}

/** The one in which statements are closed; those of before are read as they were written. */
export const PROOF_FORMAT: ProofFormat = 2;

export const formatLine = (format: ProofFormat) => `format,squaretable-statement-${format}`;

/** The names of the head in the file, in order. */
export const HEAD_FIELDS = {
  statement: 'statement',
  team: 'team',
  kind: 'kind',
  period: 'period',
  closedAt: 'closed_at',
  currency: 'currency',
  seqFrom: 'seq_from',
  seqTo: 'seq_to',
  rows: 'rows',
  amountMinor: 'amount_minor',
  carriedInMinor: 'carried_in_minor',
  previousSha256: 'previous_sha256',
  sha256: 'sha256',
} as const satisfies Record<Exclude<keyof ProofHead, 'proofFormat'>, string>;

export const LINE_TITLES =
  'lines,period,resource,rate_micro,minor_per_credit,units,micro,micro_before,amount_minor';
export const DETAIL_TITLES =
  'details,period,resource,rate_micro,minor_per_credit,model,rate_card,units,micro';
export const DRAW_TITLES: Record<ProofFormat, string> = {
  1: 'draws,seq,drawn_at,period,kind,grant,resource,model,units,rate_micro,minor_per_credit,micro,reverses',
  2: 'draws,seq,drawn_at,period,kind,grant,resource,model,rate_card,units,rate_micro,minor_per_credit,micro,reverses',
};

/** Hashes the rows of a statement behind the hash of the one before: every one with its line end. */
export class RowsHash {
  readonly #hash = createHash('sha256');

  constructor(previousSha256: string) {
    this.#hash.update(`${previousSha256}\n`);
  }

  /** Rows as they stand in the file, in whatever pieces they come. */
  add(rows: string | Buffer): void {
    this.#hash.update(rows);
  }

  end(): string {
    return this.#hash.digest('hex');
  }
}

/** A line as it stands in the file, without its end. */
export function lineText(line: StatementLine): string {
  return [
    ...['line', line.period, line.resourceType, line.rateMicro, plainPrice(line.minorPerCredit)],
    ...[line.units, line.micro, line.microBefore, line.amountMinor],
  ].join(',');
}

/** What stands before the rows: the head, sealed together with the lines. */
export function proofStart(head: ProofHead, lines: readonly DetailedLine[]): string {
  const fields = Object.entries(HEAD_FIELDS).map(
    ([field, name]) => `${name},${head[field as keyof typeof HEAD_FIELDS]}`,
  );
  const { proofFormat } = head;
  const heads = [formatLine(proofFormat), ...fields];
  const told = lines.map(lineText);
  const details = proofFormat === 1 ? [] : lines.flatMap(detailTexts);
  const seal = sealOf([...heads, ...told, ...details]);
  const parts = proofFormat === 1 ? [] : [DETAIL_TITLES, ...details];
  const titles = DRAW_TITLES[proofFormat];
  return [...heads, `seal,${seal}`, LINE_TITLES, ...told, ...parts, titles, ''].join('\n');
}

/** A line's parts by model and card as they stand in the file. */
export const detailTexts = ({ details, ...line }: DetailedLine): string[] =>
  details.map(({ model, rateCard, units, micro }) =>
    [
      ...['detail', line.period, line.resourceType, line.rateMicro],
      ...[plainPrice(line.minorPerCredit), plainModel(model), rateCard ?? '', units, micro],
    ].join(','),
  );

/** A cell has no comma, no quote and no line's end; whoever sends usage may call a model whatever they like. */
const plainModel = (model: string | null) =>
  (model ?? '').replaceAll(
    /[%,"\n\r]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );

/** Over the head and the lines, so that none of them is changed unseen. */
export function sealOf(texts: readonly string[]): string {
  return createHash('sha256')
    .update(texts.map((text) => `${text}\n`).join(''))
    .digest('hex');
}
