import { isIP } from 'node:net';
import { z } from 'zod';

/**
 * One variable of the environment. `read` answers what its text means, `undefined` when it means
 * nothing: then `wanted` ends the sentence "NAME must …". Blank is as if it were not set.
 */
function variable<T, const F>(wanted: string, read: (text: string) => T | undefined, fallback: F) {
  const written = z.string().trim().default('');
  return written.transform((text, context): T | F => {
    if (text === '') return fallback;
    const meant = read(text);
    if (meant !== undefined) return meant;
    context.addIssue({ code: 'custom', message: wanted });
    return z.NEVER;
  });
}

const CONTROL = /\p{Cc}/u;

/** Any line of text. */
export const text = variable('be one line of text', readLine, undefined);
export const textOr = (fallback: string) => variable('be one line of text', readLine, fallback);

function readLine(value: string): string | undefined {
  return CONTROL.test(value) ? undefined : value;
}

/** Text of a pattern, which `wanted` says in words. */
export const matching = (pattern: RegExp, wanted: string) =>
  variable(wanted, (value) => (pattern.test(value) ? value : undefined), undefined);

export const integer = (fallback: number, min: number, max: number) =>
  variable(wholeNumber(min, max), (value) => readNumber(value, /^\d+$/, min, max), fallback);
export const optionalInteger = (min: number, max: number) =>
  variable(wholeNumber(min, max), (value) => readNumber(value, /^\d+$/, min, max), undefined);
export const optionalNumber = (min: number, max: number) =>
  variable(
    `be a number from ${min} to ${max}`,
    (value) => readNumber(value, /^\d+(\.\d+)?$/, min, max),
    undefined,
  );

const wholeNumber = (min: number, max: number) => `be a whole number from ${min} to ${max}`;

function readNumber(value: string, form: RegExp, min: number, max: number): number | undefined {
  const number = form.test(value) ? Number(value) : Number.NaN;
  return number >= min && number <= max ? number : undefined;
}

/** One of a few words. */
export const oneOf = <const T extends string>(words: readonly T[], fallback: T) =>
  variable(
    `be one of ${words.join(', ')}`,
    (value) => words.find((word) => word === value),
    fallback,
  );

/** Texts with commas between; each has to be of the pattern. */
export const list = (pattern: RegExp, wanted: string) =>
  variable(
    wanted,
    (value) => {
      const parts = value.split(',').flatMap((part) => part.trim() || []);
      return parts.every((part) => pattern.test(part)) ? parts : undefined;
    },
    [],
  );

/** An address with one of the protocols, without slashes at the end; on the web also without a query. */
export const address = (protocols: string[], example: string) =>
  variable(
    `be an address such as ${example}`,
    (value) => {
      const url = URL.canParse(value) ? new URL(value) : undefined;
      if (!url || !protocols.includes(url.protocol) || url.host === '' || url.hash)
        return undefined;
      // No browser, and no `fetch`, takes a name and a password within an address.
      const isBare = url.search === '' && url.username === '' && url.password === '';
      if (url.protocol.startsWith('http') && !isBare) return undefined;
      return url.href.replace(/\/+$/, '');
    },
    undefined,
  );

/** An interface of this machine. */
export const host = variable(
  'be an IP address of this machine, such as 127.0.0.1, or 0.0.0.0 or :: for all of them',
  (value) => (value === 'localhost' ? '127.0.0.1' : isIP(value) ? value : undefined),
  undefined,
);

/** Something another module reads. */
export const readBy = <T, const F>(
  wanted: string,
  read: (text: string) => T | undefined,
  fallback: F,
) => variable(wanted, read, fallback);
