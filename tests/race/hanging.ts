import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Answer, Caller } from '../support/http.ts';

/** A read as a whole is answered within so long. */
export const READ_WITHIN_MS = 10_000;

/** To a PostgreSQL's process and those that it made. */
export function signalServer(main: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === main);
  for (const pid of [main, ...children.map(Number)]) process.kill(pid, signal);
}

function parentOf(pid: string): number | undefined {
  try {
    // After the command's name, which stands in brackets: state, parent.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1]);
  } catch {
    return undefined;
  }
}

/** Every read of the API's own document, its blanks filled. */
export async function readPaths(person: Caller, blank: string): Promise<string[]> {
  const { body } = await person.get<{ paths: Record<string, object> }>('/api/openapi.json');
  return Object.entries(body.paths)
    .filter(([, methods]) => 'get' in methods)
    .map(([name]) => name.replaceAll(/\{\w+\}/g, blank));
}

export interface Timed {
  what: string;
  answer: Answer;
  tookMs: number;
}

export async function timed(what: string, call: Promise<Answer>): Promise<Timed> {
  const begun = performance.now();
  const answer = await call.catch((cause: unknown) => {
    throw new Error(`${what} broke off`, { cause });
  });
  return { what, answer, tookMs: performance.now() - begun };
}

export const story = ({ what, answer, tookMs }: Timed) =>
  `${what}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 200)} in ${Math.round(tookMs)} ms`;

/** 503 that says when to come again, within the time. */
export function assertAway(all: Timed[], withinMs: number): void {
  for (const one of all) {
    expect([503], story(one)).toContain(one.answer.status);
    expect(Number(one.answer.headers.get('retry-after')), story(one)).toBeGreaterThan(0);
    expect(one.tookMs, story(one)).toBeLessThan(withinMs);
  }
}
