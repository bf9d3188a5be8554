import type { Context as HonoContext } from 'hono';
import type { z } from 'zod';
import { DueWorkFault } from '../kernel/due-work-fault.ts';
import { StripeError } from '../kernel/errors.ts';

/** What the control interface answers with an error: `{error: {code, message, param?}}`. */
export class ControlError extends Error {
  readonly status: 400 | 403 | 404 | 409 | 413;
  readonly code: string;
  readonly param: string | null;

  constructor(
    status: ControlError['status'],
    code: string,
    message: string,
    param: string | null = null,
  ) {
    super(message);
    this.name = 'ControlError';
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

const maxBodyBytes = 1024 * 1024;

/** Reads a JSON body that fits `schema`; whatever else comes is a 400 that names the field. */
export async function readJson<T>(c: HonoContext, schema: z.ZodType<T>): Promise<T> {
  if (Number(c.req.header('content-length') ?? 0) > maxBodyBytes) throw tooLarge();
  const text = await c.req.text();
  if (text.length > maxBodyBytes) throw tooLarge();
  let body: unknown;
  try {
    body = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    throw new ControlError(400, 'invalid_json', 'The body is not JSON.');
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const param = issue.path.join('.');
  const place = param === '' ? 'The body' : param;
  throw new ControlError(400, 'invalid_body', `${place}: ${issue.message}`, param || null);
}

function tooLarge(): ControlError {
  return new ControlError(413, 'body_too_large', `The body is larger than ${maxBodyBytes} bytes.`);
}

/** What of Stripe's own statuses stays as it is; all else is told as a request that cannot be done. */
const PASSED_ON = [404, 409, 503] as const;

/** The answer to whatever a handler threw. Only a bug of ours is a 500. */
export function errorAnswer(c: HonoContext, error: unknown): Response {
  if (error instanceof ControlError) {
    const { status, code, message, param } = error;
    return c.json({ error: { code, message, ...(param === null ? {} : { param }) } }, status);
  }
  if (error instanceof StripeError) {
    const { code, type, message, param } = error.body;
    const status = PASSED_ON.find((one) => one === error.status) ?? 400;
    return c.json({ error: { code: code ?? type, message, ...(param ? { param } : {}) } }, status);
  }
  if (error instanceof DueWorkFault) {
    return c.json({ error: { code: 'due_work_failed', message: error.message } }, 500);
  }
  throw error;
}
