import type { ApiError } from '../../domain/api.ts';
import { ERROR_STATUS, type ErrorCode } from '../../domain/errors.ts';

/** A code of the API, `network` for no answer, or `unknown` for a change whose answer was lost. */
export type ProblemCode = ErrorCode | 'network' | 'unknown';

/** What went wrong with a call. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: ProblemCode;
  readonly details: Record<string, unknown>;
  readonly requestId: string | undefined;

  constructor(status: number, code: ProblemCode, body: Partial<ApiError> = {}) {
    super(body.error ?? code);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = code;
    this.details = body.details ?? {};
    this.requestId = body.requestId;
  }
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_STATUS, value);
}

/** Reads an error answer; one that is not ours (a proxy's, say) is judged by its status. */
export function problemOf(status: number, body: unknown): ApiProblem {
  const error = (typeof body === 'object' && body !== null ? body : {}) as Partial<ApiError>;
  if (isErrorCode(error.code)) return new ApiProblem(status, error.code, error);
  if (status === 401) return new ApiProblem(status, 'unauthenticated', error);
  if (status === 404) return new ApiProblem(status, 'not_found', error);
  if (status === 429) return new ApiProblem(status, 'rate_limited', error);
  if (status === 502 || status === 503 || status === 504)
    return new ApiProblem(status, 'busy', error);
  return new ApiProblem(status, status >= 500 ? 'internal' : 'invalid_request', error);
}

export function toProblem(thrown: unknown): ApiProblem {
  return thrown instanceof ApiProblem ? thrown : new ApiProblem(0, 'network');
}

/** Whether it is for us to mend: nothing that the reader wrote or may not do. */
export function isOurs({ status }: ApiProblem): boolean {
  return status >= 500;
}

/** What refuses a call before anything is done about it, when it is our own server that says so. */
const REFUSED_BEFORE = new Set<ProblemCode>(['stripe_unavailable', 'busy', 'not_ready']);

/** Whether a change that met this problem may have been made all the same: nobody said that it was not. */
export function isOutcomeUnknown({ status, code, requestId }: ApiProblem): boolean {
  if (status !== 0 && status < 500) return false;
  // Every error of ours carries the id of its request; a proxy's page does not.
  return requestId === undefined || !REFUSED_BEFORE.has(code);
}

/**
 * Awaits a change. A problem that leaves open what it did is thrown as `unknown`, or stays
 * `outcome_unknown` where the server says that it finds out by itself.
 */
export async function asChange<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (thrown) {
    const problem = toProblem(thrown);
    if (problem.code === 'outcome_unknown' || !isOutcomeUnknown(problem)) throw thrown;
    const { status, requestId, details } = problem;
    throw new ApiProblem(status, 'unknown', { details, ...(requestId ? { requestId } : {}) });
  }
}
