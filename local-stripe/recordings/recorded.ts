import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** One request to real Stripe, and what it answered. */
export interface RecordedCall {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  /** Form-encoded, like `body`; empty when there is none. */
  query: string;
  body: string;
  /** The API version that it was answered in. */
  version: string;
  status: number;
  resp: Json;
}

/** What one program asked, in the order in which it asked. */
export interface Sequence {
  name: string;
  calls: RecordedCall[];
}

/**
 * Reads every `*.json` of a folder, by name. Throws an error of one sentence when there is none or
 * one is no array of calls.
 */
export function readSequences(folder: string): Sequence[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort();
  if (files.length === 0) throw new Error(`${folder} holds no recorded sequences (*.json).`);
  return files.map((file) => ({
    name: file.replace(/\.json$/, ''),
    calls: readCalls(join(folder, file)),
  }));
}

function readCalls(file: string): RecordedCall[] {
  const calls = JSON.parse(readFileSync(file, 'utf8')) as unknown;
  const isCall = (call: Partial<RecordedCall> | null) =>
    typeof call?.path === 'string' && typeof call.status === 'number' && 'resp' in call;
  if (Array.isArray(calls) && calls.every((call) => isCall(call as RecordedCall))) {
    return calls as RecordedCall[];
  }
  throw new Error(`${file} is no array of {method, path, query, body, version, status, resp}.`);
}

export type JsonObject = { [key: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every object within, the outer ones first. */
export function* objectsIn(value: Json): Generator<JsonObject> {
  if (Array.isArray(value)) for (const part of value) yield* objectsIn(part);
  if (!isObject(value)) return;
  yield value;
  for (const part of Object.values(value)) yield* objectsIn(part);
}
