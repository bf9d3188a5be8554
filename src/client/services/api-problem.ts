import type { ApiError } from '../../domain/api.ts';
import { ERROR_STATUS, type ErrorCode } from '../../domain/errors.ts';

/** What went wrong with a call: a code of the API, or `network` when there was no answer. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: ErrorCode | 'network';
  readonly details: Record<string, unknown>;
  readonly requestId: string | undefined;

  constructor(status: number, code: ErrorCode | 'network', body: Partial<ApiError> = {}) {
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
